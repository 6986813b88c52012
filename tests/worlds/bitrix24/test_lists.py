"""Pages, order and selection of the list methods; the methods for one row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds.bitrix24.helpers import ids, make_portal, read_all, result
from tests.worlds.bitrix24.test_filters import conditions

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)  # 300 leads in all


def page(portal=PORTAL, method="crm.lead.list", **params):
    body = portal.call(method, params).body
    return ids(body["result"]), body.get("next"), body.get("total")


@pytest.mark.parametrize(
    ("start", "first", "following"),
    [
        (0, 1, 50),
        (None, 1, 50),
        ("50", 51, 100),
        (99, 51, 100),
        (250, 251, None),
        (299, 251, None),
        ("x", 1, 50),
    ],
)
def test_start_is_rounded_down_to_a_page(start, first, following):
    assert page(start=start) == (list(range(first, first + 50)), following, 300)


@pytest.mark.parametrize("start", [300, 349, 350, 10**9])
def test_behind_the_last_page_comes_the_first(start):
    assert page(start=start) == (list(range(1, 51)), 50, 300)


def test_a_start_behind_the_last_row_of_the_last_page_is_rounded_down_to_it():
    portal = make_portal(leads=20)
    assert page(portal, start=30, filter={"<=ID": 30})[0] == list(range(1, 31))
    assert page(make_portal(leads=50), start=75)[0] == list(range(51, 76)), "75 leads: 75 is still on page 2"


def test_behind_the_last_row_may_be_nothing():
    portal = make_portal(leads=200, past_end="empty")
    assert page(portal, start=299)[0] == list(range(251, 301))
    assert page(portal, start=300) == ([], None, 300)
    assert page(make_portal(leads=50, past_end="empty"), start=75) == ([], None, 75)


def test_a_negative_start_counts_nothing():
    reply = PORTAL.call("crm.lead.list", {"start": -1, "filter": {">ID": 100}})
    assert ids(reply.body["result"]) == list(range(101, 151))
    assert reply.body["total"] == 0
    assert "next" not in reply.body
    assert reply.cost_ns == PORTAL.config.base_ns + PORTAL.config.command_ns + 50 * PORTAL.config.row_ns


def test_a_count_costs_its_rows():
    one, none = PORTAL.call("crm.lead.list", {}), PORTAL.call("crm.lead.list", {"start": -1})
    assert one.cost_ns - none.cost_ns == 300 * 21_000


def test_nothing_found_is_an_empty_page():
    assert page(filter={"ID": 10**6}) == ([], None, 0)


@given(
    conditions,
    st.sampled_from([{}, {"ID": "DESC"}, {"STATUS_ID": "ASC"}, {"SOURCE_ID": "x", "TITLE": "ASC"}]),
)
def test_pages_lose_and_double_no_row(condition, order):
    everything = {
        int(row["ID"]) for row in read_all(PORTAL, "crm.lead.list", filter=condition, select=["ID"])
    }
    rows = ids(read_all(PORTAL, "crm.lead.list", filter=condition, order=order, select=["ID"]))
    assert len(rows) == len(set(rows)) == page(filter=condition)[2]
    assert set(rows) == everything


@pytest.mark.parametrize(
    ("direction", "first"), [("ASC", 1), ("asc", 1), ("DESC", 300), ("", 300), ("up", 300)]
)
def test_anything_but_asc_descends(direction, first):
    assert page(order={"ID": direction})[0][0] == first


def test_order_by_several_fields():
    rows = read_all(PORTAL, "crm.lead.list", order={"STATUS_ID": "ASC", "ID": "DESC"})
    assert rows == sorted(rows, key=lambda row: (row["STATUS_ID"], -int(row["ID"])))


def test_an_unknown_order_is_ignored():
    assert page(order={"NOPE": "DESC"})[0][0] == 1
    assert page(order={"NOPE": "DESC", "ID": "DESC"})[0][0] == 300


def test_activities_come_by_their_start():
    rows = result(PORTAL, "crm.activity.list")
    assert [r["START_TIME"] for r in rows] == sorted(r["START_TIME"] for r in rows)
    assert ids(rows) != sorted(ids(rows))


@pytest.mark.parametrize(
    ("select", "names"),
    [
        (["ID", "ASSIGNED_BY_ID"], {"ID", "ASSIGNED_BY_ID"}),
        (["TITLE"], {"ID", "TITLE"}),
        ({"0": "TITLE"}, {"ID", "TITLE"}),
        (["NOPE"], {"ID"}),
        (["NOPE", "TITLE", "TITLE"], {"ID", "TITLE"}),
    ],
)
def test_select_chooses_fields_and_always_the_id(select, names):
    assert set(result(PORTAL, "crm.lead.list", select=select)[0]) == names


def names_of(*parts):
    return {name for name, field in PORTAL.store.leads.fields.items() if field.part in parts}


@pytest.mark.parametrize("select", [[], ["*"], ["ID", "*"], None, "ID"])
def test_everything_is_selected_otherwise_but_user_fields_and_communications(select):
    assert set(result(PORTAL, "crm.lead.list", select=select)[0]) == names_of("")


@pytest.mark.parametrize(
    ("select", "names"),
    [
        (["UF_*"], {"ID", *names_of("UF")}),
        (["*", "UF_*"], names_of("", "UF")),
        (["UF_CRM_SCORE", "PHONE"], {"ID", "UF_CRM_SCORE", "PHONE"}),
        (["FM", "PHONE_CODE"], {"ID"}),
    ],
)
def test_user_fields_and_communications_come_when_asked_for(select, names):
    row = result(PORTAL, "crm.lead.list", select=select, filter={"ID": 2})[0]
    assert set(row) == names


def test_communications_are_left_out_where_there_are_none():
    first, second = result(PORTAL, "crm.lead.list", select=["PHONE"], filter={"ID": [1, 2]})
    assert first == {"ID": "1"}
    phone = {"ID": "9", "VALUE_TYPE": "WORK", "VALUE": "+70000000002", "TYPE_ID": "PHONE"}
    assert second == {"ID": "2", "PHONE": [phone]}


def test_values_are_text_or_null():
    for method in ("crm.lead.list", "crm.activity.list"):
        shown = {type(value) for row in result(PORTAL, method) for value in row.values()}
        assert shown == {str, type(None)}


@pytest.mark.parametrize("method", ["crm.lead.get", "crm.activity.get"])
def test_get_returns_the_row(method):
    assert result(PORTAL, method, ID="7")["ID"] == "7"
    listed = result(PORTAL, method.replace("get", "list"), filter={"ID": 7})[0]
    got = result(PORTAL, method, id=7)
    assert listed.items() <= got.items()


def test_get_returns_user_fields_and_communications_too():
    assert set(result(PORTAL, "crm.lead.get", ID=7)) == names_of("", "UF") | {"PHONE", "EMAIL"}
    assert set(result(PORTAL, "crm.lead.get", ID=3)) == names_of("", "UF") | {"PHONE"}


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"ID": 10**6}, "Not found"),
        ({}, "ID is not defined or invalid."),
        ({"ID": "x"}, "ID is not defined or invalid."),
        ({"ID": [1]}, "ID is not defined or invalid."),
    ],
)
def test_get_without_a_row_is_an_error(params, description):
    reply = PORTAL.call("crm.lead.get", params)
    assert (reply.status, reply.body) == (400, {"error": "", "error_description": description})


@pytest.mark.parametrize("entity", ["lead", "activity"])
def test_fields_describes_every_field_of_a_row(entity):
    described = result(PORTAL, f"crm.{entity}.fields")
    assert set(described) >= set(result(PORTAL, f"crm.{entity}.list", select=["*", "UF_*"])[0])
    assert not {"FM", "PHONE_CODE"} & set(described)
    assert described["ID"]["type"] == "integer"
    assert described["ID"]["isReadOnly"] is True


def test_users_take_the_raw_offset_and_end_with_nothing():
    everybody = page(method="user.get")[0]
    assert everybody[0] == 1
    assert len(everybody) == 25
    assert page(method="user.get", start=7) == (everybody[7:], None, 25)
    assert page(method="user.get", start=25) == ([], None, 25)


def test_users_are_sorted_by_sort_and_order():
    everybody = page(method="user.get")[0]
    assert page(method="user.get", sort="ID", order="DESC")[0] == everybody[::-1]
    assert page(method="user.get", order={"ID": "DESC"})[0] == everybody, (
        "an order without sort has no effect"
    )
    names = [row["LAST_NAME"] for row in result(PORTAL, "user.get", sort="LAST_NAME", order="asc")]
    assert names == sorted(names)


def test_users_are_filtered_by_filter_or_parameters():
    assert page(method="user.get", ID=247)[0] == [247]
    assert page(method="user.get", FILTER={"ID": [12, 247]})[0] == [12, 247]
    assert page(method="user.get", filter={"!ACTIVE": True})[0] == [255, 301]
    assert page(method="user.get", filter={"UF_DEPARTMENT": 1})[2] == 10
    assert page(method="user.get", filter={"NOPE": 1})[2] == 25
    assert PORTAL.journal[-1].dropped_filter_keys == ("NOPE",)


def test_profile_and_methods():
    assert result(PORTAL, "profile")["ID"] == "1"
    assert result(PORTAL, "profile")["ADMIN"] is True
    assert {"batch", "crm.lead.list", "user.get"} <= set(result(PORTAL, "methods"))


def work_of_a_page(leads, **params):
    """Rows compared and made by the fourth page, after the first has built indexes and caches."""
    portal = make_portal(leads=leads)
    portal.call("crm.lead.list", params)
    before = portal.stats()
    portal.call("crm.lead.list", {**params, "start": 150})
    after = portal.stats()
    return [after[name] - before[name] for name in ("rows_compared", "rows_rendered")]


@pytest.mark.parametrize("order", [{"ID": "ASC"}, {"ID": "DESC"}, {"STATUS_ID": "ASC"}])
def test_a_page_costs_a_page_at_any_size(order):
    wanted = {
        "filter": {"ASSIGNED_BY_ID": [12, 15, 18, 21, 24], "STATUS_ID": ["NEW", "PROCESSED"]},
        "order": order,
    }
    assert work_of_a_page(2_000, **wanted) == work_of_a_page(100_000, **wanted) == [0, 50]


def test_a_page_costs_a_page_after_writes_too():
    portal = make_portal(leads=2_000)
    result(portal, "crm.lead.delete", id=3)
    result(portal, "crm.lead.update", id=5, fields={"STATUS_ID": "JUNK"})
    wanted = {"filter": {"!STATUS_ID": "JUNK", ">ID": 1_000}, "order": {"ID": "DESC"}}
    first = page(portal, **wanted)[0]
    before = portal.stats()["rows_compared"]
    assert page(portal, **wanted, start=50)[0][0] < first[-1]
    assert portal.stats()["rows_compared"] == before


def test_one_owner_is_looked_up_and_pages_by_id_compare_nothing():
    for leads in (1_000, 100_000):
        portal = make_portal(leads=leads)
        portal.call("crm.activity.list", {"filter": {"OWNER_TYPE_ID": 1, "OWNER_ID": 6, "COMPLETED": "N"}})
        portal.call("crm.lead.list", {"filter": {">ID": 0, "STATUS_ID": "NEW"}, "start": -1})
        before = portal.stats()["rows_compared"]
        portal.call("crm.activity.list", {"filter": {"OWNER_TYPE_ID": 1, "OWNER_ID": 7, "COMPLETED": "N"}})
        owned = portal.stats()["rows_compared"] - before
        assert owned <= 2 * 6, "at most the lead's activities and the deals', under two conditions"
        portal.call("crm.lead.list", {"filter": {">ID": 500, "STATUS_ID": "NEW"}, "start": -1})
        assert portal.stats()["rows_compared"] == before + owned
