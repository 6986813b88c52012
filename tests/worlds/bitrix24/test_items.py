"""``crm.item.*``: one interface to every entity, stricter than the classic one, over the same rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.fields import camel, upper
from tests.worlds.bitrix24.helpers import Clock, ids, make_portal, read_all, result

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)
LEADS = read_all(PORTAL, "crm.lead.list")
TYPES = {1: "lead", 2: "deal", 3: "contact", 4: "company"}


def items(portal=PORTAL, entityTypeId=1, **params):  # noqa: N803 - the portal's own name
    return result(portal, "crm.item.list", entityTypeId=entityTypeId, **params)["items"]


def numbers(**params):
    """IDs of all pages."""
    found, start = [], 0
    while start is not None:
        reply = PORTAL.call("crm.item.list", {"entityTypeId": 1, **params, "start": start})
        assert reply.status == 200, reply
        found += [row["id"] for row in reply.body["result"]["items"]]
        start = reply.body.get("next")
    return found


def refusal(portal=PORTAL, method="crm.item.list", **params):
    reply = portal.call(method, {"entityTypeId": 1, **params})
    assert reply.status == 400, reply
    return reply.body["error"], reply.body["error_description"]


@pytest.mark.parametrize("type_id", TYPES)
def test_items_are_the_rows_of_the_classic_methods(type_id):
    classic = result(PORTAL, f"crm.{TYPES[type_id]}.list")
    shown = items(entityTypeId=type_id)
    assert [row["id"] for row in shown] == ids(classic)
    assert [row["assignedById"] for row in shown] == [int(row["ASSIGNED_BY_ID"]) for row in classic]
    assert [row["createdTime"] for row in shown] == [row["DATE_CREATE"] for row in classic]


def test_an_item_has_numbers_as_numbers_and_its_type():
    item = result(PORTAL, "crm.item.get", entityTypeId=1, id="2")["item"]
    assert {
        "id": 2, "title": "Lead 2", "createdBy": 1, "opportunity": 18500, "companyId": 0, "opened": "Y",
        "hasPhone": "Y", "comments": "", "ufCrmRegion": "east", "ufCrm_1720019876534": "N", "entityTypeId": 1,
        "fm": [{"id": 9, "valueType": "WORK", "value": "+70000000002", "typeId": "PHONE"}],
    }.items() <= item.items()  # fmt: skip
    assert item["stageId"] == result(PORTAL, "crm.lead.get", id=2)["STATUS_ID"]


def test_the_smart_process_has_items_too():
    item = result(PORTAL, "crm.item.get", entityTypeId=1030, id=1)["item"]
    assert (item["stageId"], item["categoryId"], item["ufCrm1_1639669411830"]) == ("DT1030_1:NEW", 1, "low")


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("ID", "id"), ("ASSIGNED_BY_ID", "assignedById"), ("UF_CRM_1_1639669411830", "ufCrm1_1639669411830"),
        ("UF_CRM_1720019876534", "ufCrm_1720019876534"), ("UF_CRM_REGION", "ufCrmRegion"),
    ],
)  # fmt: skip
def test_names_are_written_in_camel_case(name, item):
    assert camel(name) == item


def test_names_are_read_in_capitals_too():
    assert upper("createdTime") == "CREATED_TIME"
    assert numbers(filter={"<=ID": 3}, order={"ID": "DESC"}) == [3, 2, 1]


@pytest.mark.parametrize("select", [["title"], ["title", "fm", "nope"], {"0": "TITLE"}])
def test_select_chooses_fields_and_always_the_id(select):
    assert set(items(select=select)[0]) == {"id", "title"}


@pytest.mark.parametrize("select", [["*"], [], ["id", "*"]])
def test_otherwise_everything_comes(select):
    assert {"id", "title", "fm", "ufCrmScore"} <= set(items(select=select)[0])


def test_user_fields_can_keep_their_names():
    item = items(useOriginalUfNames="Y", filter={"UF_CRM_REGION": "east"})[0]
    assert (item["UF_CRM_REGION"], item["id"]) == ("east", 2)
    assert "ufCrmRegion" not in item
    assert items(useOriginalUfNames="Y", select=["UF_CRM_SCORE"])[0] == {"id": 1, "UF_CRM_SCORE": 0}


@pytest.mark.parametrize("key", ["nope", "LOGICAL", ">nope", "fm", "phoneCode", "", "STATUS_ID"])
def test_an_unknown_key_of_a_filter_is_an_error(key):
    name = key.lstrip(">")
    assert refusal(filter={key: 1}) == (
        "INVALID_ARG_VALUE",
        f"Invalid filter: field '{name}' is not allowed in filter",
    )


def test_the_published_filter_is_an_error():
    published = {"LOGIC": "OR", "FILTER": [{"id": 1}, {"id": 2}]}
    assert refusal(filter=published)[1] == "Invalid filter: field 'FILTER' is not allowed in filter"


@pytest.mark.parametrize("raw", [{"id": [[1]]}, {">id": [1]}, {"title": {"a": {"b": 1}}}, {"id": []}])
def test_a_value_that_no_condition_can_have_is_an_error(raw):
    assert refusal(filter=raw)[1].endswith("has invalid value")


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ({"nope": "ASC"}, "field 'nope' is not allowed in order"),
        ({"fm": "ASC"}, "field 'fm' is not allowed in order"),
        ({"id": "up"}, "allowed sort directions are `ASC, DESC`. But got 'up' for field 'id'"),
    ],
)
def test_a_bad_order_is_an_error(order, text):
    assert refusal(order=order) == ("INVALID_ARG_VALUE", f"Invalid order: {text}")


def test_orders_and_pages():
    assert numbers(order={"opportunity": "desc", "id": "ASC"}) == [
        int(row["ID"]) for row in sorted(LEADS, key=lambda row: -float(row["OPPORTUNITY"]))
    ]
    body = PORTAL.call("crm.item.list", {"entityTypeId": 1, "start": 60}).body
    assert (body["result"]["items"][0]["id"], body["next"], body["total"]) == (51, 100, 300)


def test_behind_the_last_row_comes_nothing_and_a_negative_start_counts_nothing():
    assert PORTAL.call("crm.item.list", {"entityTypeId": 1, "start": 300}).body["result"] == {"items": []}
    body = PORTAL.call("crm.item.list", {"entityTypeId": 1, "start": -1}).body
    assert len(body["result"]["items"]) == 50
    assert not {"total", "next"} & set(body)


def test_alternatives_in_a_filter():
    wanted = {"0": {"logic": "OR", "0": {"id": 3}, "1": {"title": "Lead 7"}, ">id": 298}}
    assert numbers(filter=wanted) == [3, 7, 299, 300]
    assert numbers(filter={**wanted, "<id": 100}) == [3, 7]
    assert numbers(filter={"logic": "OR", "0": {"<id": 3}, "1": {">id": 4, "<=id": 6}}) == [1, 2, 5, 6]
    assert numbers(filter=[{"id": 3}, {"title": "Lead 3"}]) == [3]
    assert numbers(filter={"0": {"logic": "OR"}, "<id": 3}) == [1, 2]


conditions = st.dictionaries(
    st.sampled_from(["id", "<=id", ">id", "stageId", "!stageId", "assignedById", "%title", "sourceId"]),
    st.sampled_from(["7", 100, "NEW", "JUNK", 12, "1", ""]),
    max_size=2,
)
nested = st.recursive(
    conditions,
    lambda inner: st.builds(
        lambda parts, logic, more: {**more, **dict(enumerate(parts)), "logic": logic},
        st.lists(inner, max_size=3), st.sampled_from(["OR", "AND"]), conditions,
    ),
    max_leaves=5,
)  # fmt: skip


def expected(raw):
    """IDs that a nested filter finds, worked out level by level."""
    parts = [
        expected(value) if isinstance(value, dict) else set(numbers(filter={key: value}))
        for key, value in raw.items()
        if key != "logic"
    ]
    if not parts:
        return set(range(1, 301))
    return set.union(*parts) if raw.get("logic") == "OR" else set.intersection(*parts)


@given(nested)
def test_nested_filters_join_their_parts(raw):
    assert set(numbers(filter=raw)) == expected(raw)


def test_a_filter_of_a_hundred_levels_is_refused_not_followed():
    raw = {"id": 1}
    for _ in range(100):
        raw = {"0": raw}
    assert refusal(filter=raw)[0] == "INVALID_ARG_VALUE"


@pytest.mark.parametrize("method", ["get", "list", "add", "update", "delete", "fields"])
def test_the_type_must_be_named_and_known(method):
    assert refusal(method=f"crm.item.{method}", entityTypeId=99) == ("NOT_FOUND", "SPA not found")
    told = refusal(method=f"crm.item.{method}", entityTypeId=None)
    assert told == ("100", "Could not find value for parameter {entityTypeId}")


@pytest.mark.parametrize("method", ["get", "update", "delete"])
def test_the_item_must_be_named_and_known(method):
    for unknown in (10**6, "x", [1], 0):
        assert refusal(method=f"crm.item.{method}", id=unknown) == ("NOT_FOUND", "Item not found")
    told = refusal(method=f"crm.item.{method}")
    assert told == ("100", "Could not find value for parameter {id}")


@pytest.mark.parametrize("type_id", [1, 2, 3, 4, 1030])
def test_an_item_can_be_added_changed_and_deleted(type_id):
    portal = make_portal(leads=20, clock=Clock())
    target = {"entityTypeId": type_id}
    item = result(portal, "crm.item.add", **target, fields={"comments": "a", "opened": "N"})["item"]
    assert (item["opened"], item["entityTypeId"], item["createdBy"]) == ("N", type_id, 1)
    changed = result(portal, "crm.item.update", **target, id=item["id"], fields={"assignedById": 12})["item"]
    assert changed == {**item, "assignedById": 12}
    assert items(portal, **target, filter={"id": item["id"]})[0]["assignedById"] == 12
    assert result(portal, "crm.item.delete", **target, id=item["id"]) == []
    assert items(portal, **target, filter={"id": item["id"]}) == []


def test_both_interfaces_see_the_same_change():
    portal = make_portal(leads=20)
    fm = [
        {"valueType": "HOME", "value": "a@example.org", "typeId": "EMAIL"},
        {"typeId": "NOPE", "value": "x"},
    ]
    fields = {"title": "new", "stageId": "JUNK", "UF_CRM_SCORE": 5, "id": 3, "createdBy": 7, "fm": fm}
    number = result(portal, "crm.item.add", entityTypeId=1, fields=fields)["item"]["id"]
    lead = result(portal, "crm.lead.get", id=number)
    assert (lead["TITLE"], lead["STATUS_ID"], lead["STATUS_SEMANTIC_ID"]) == ("new", "JUNK", "F")
    assert (lead["UF_CRM_SCORE"], lead["CREATED_BY_ID"], lead["HAS_EMAIL"]) == ("5", "1", "Y")
    assert lead["EMAIL"][0]["VALUE"] == "a@example.org"
    result(portal, "crm.lead.update", id=number, fields={"TITLE": "newer"})
    assert items(portal, filter={"title": "newer"})[0]["id"] == number


def test_fields_must_be_given():
    for fields in (None, [], "x"):
        told = refusal(method="crm.item.add", fields=fields)
        assert told == ("100", "Could not find value for parameter {fields}")


def test_fields_describes_what_an_item_has():
    described = result(PORTAL, "crm.item.fields", entityTypeId=2)["fields"]
    assert set(described) == set(items(entityTypeId=2)[0])
    assert described["createdTime"]["upperName"] == "CREATED_TIME"
    assert described["ufCrmDelivery"]["isDynamic"] is True


def test_a_boolean_user_field_is_filtered_by_one_and_zero_only():
    name = "ufCrm_1720019876534"
    assert numbers(filter={name: 1, "<id": 30}) == [1, 10, 19, 28]
    assert numbers(filter={name: "Y", "<id": 3}) == [2]
    assert [row[name] for row in items(filter={"<id": 3})] == ["Y", "N"]
    found = result(PORTAL, "crm.lead.list", select=["UF_*"], filter={"UF_CRM_1720019876534": "1", "<ID": 3})
    assert found[0]["UF_CRM_1720019876534"] == "1"
