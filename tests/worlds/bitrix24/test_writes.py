"""Adding, changing and deleting by the classic methods."""

import pytest

from tests.worlds.bitrix24.helpers import Clock, ids, make_portal, read_all, result

pytestmark = pytest.mark.once


ENTITIES = ("lead", "deal", "contact", "company")
FIRST = "2026-01-01T03:00:00+03:00"


@pytest.fixture
def portal():
    return make_portal(leads=20, clock=Clock())


def refusal(portal, method, **params):
    reply = portal.call(method, params)
    assert reply.status == 400, reply
    return reply.body["error"], reply.body["error_description"]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_row_can_be_added_read_changed_and_deleted(portal, entity):
    before = len(read_all(portal, f"crm.{entity}.list"))
    number = result(portal, f"crm.{entity}.add", fields={"COMMENTS": "first"})
    assert number > before
    assert result(portal, f"crm.{entity}.get", id=number)["COMMENTS"] == "first"
    assert result(portal, f"crm.{entity}.update", id=number, fields={"COMMENTS": "second"}) is True
    assert result(portal, f"crm.{entity}.get", id=number)["COMMENTS"] == "second"
    assert ids(read_all(portal, f"crm.{entity}.list"))[-1] == number
    assert result(portal, f"crm.{entity}.delete", id=number) is True
    assert refusal(portal, f"crm.{entity}.get", id=number) == ("", "Not found")
    assert len(read_all(portal, f"crm.{entity}.list")) == before


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_is_not_there_cannot_be_changed(portal, entity, verb):
    method = f"crm.{entity}.{verb}"
    assert refusal(portal, method, id=10**6, fields={}) == ("", "Not found")
    assert refusal(portal, method, fields={}) == ("", "ID is not defined or invalid.")


def test_fields_must_be_an_array(portal):
    for params in ({}, {"fields": "TITLE"}):
        assert refusal(portal, "crm.lead.add", **params) == ("", "Parameter 'fields' must be array.")


def test_an_id_is_never_used_again(portal):
    number = result(portal, "crm.lead.add", fields={})
    result(portal, "crm.lead.delete", id=number)
    assert result(portal, "crm.lead.add", fields={}) == number + 1


def test_a_new_lead_gets_what_is_usual(portal):
    number = result(portal, "crm.lead.add", fields={}, params={"REGISTER_SONET_EVENT": "Y"})
    lead = result(portal, "crm.lead.get", id=number)
    usual = {
        "TITLE": f"Lead #{number}", "STATUS_ID": "NEW", "STATUS_SEMANTIC_ID": "P", "ASSIGNED_BY_ID": "1",
        "CREATED_BY_ID": "1", "DATE_CREATE": FIRST, "DATE_MODIFY": FIRST, "OPPORTUNITY": "0.00",
        "CURRENCY_ID": "RUB", "OPENED": "Y", "HAS_PHONE": "N", "SOURCE_ID": None, "UF_CRM_TAGS": [],
    }  # fmt: skip
    assert usual.items() <= lead.items()


def test_unknown_and_read_only_fields_are_ignored(portal):
    sent = {
        "ID": 5,
        "DATE_CREATE": "2020-01-01",
        "NOPE": 1,
        "PHONE_CODE": "1",
        "HAS_PHONE": "Y",
        "TITLE": "a",
    }
    lead = result(portal, "crm.lead.get", id=result(portal, "crm.lead.add", fields=sent))
    assert (lead["ID"], lead["TITLE"], lead["DATE_CREATE"], lead["HAS_PHONE"]) == ("31", "a", FIRST, "N")


@pytest.mark.parametrize(
    ("field", "sent", "shown"),
    [
        ("OPPORTUNITY", "12.5 apples", "12.50"), ("OPPORTUNITY", 7, "7.00"), ("OPPORTUNITY", "", "0.00"),
        ("COMPANY_ID", "7 dwarfs", "7"), ("COMPANY_ID", None, None), ("COMPANY_ID", 0, "0"),
        ("TITLE", 5, "5"), ("TITLE", True, "1"), ("TITLE", ["a"], "Array"), ("TITLE", None, ""),
        ("OPENED", "N", "N"), ("OPENED", "no", "N"), ("OPENED", 1, "Y"),
        ("BIRTHDATE", "01.02.1990", "1990-02-01T00:00:00+03:00"), ("BIRTHDATE", "soon", None),
        ("UF_CRM_TAGS", ["a", 5, ""], ["a", "5"]), ("UF_CRM_TAGS", "a", ["a"]), ("UF_CRM_SCORE", "x", "0"),
    ],
)  # fmt: skip
def test_values_are_cast_as_php_casts_them(portal, field, sent, shown):
    result(portal, "crm.lead.update", id=7, fields={field: sent})
    assert result(portal, "crm.lead.get", id=7)[field] == shown


def test_a_change_shows_in_filters_orders_and_pages_at_once(portal):
    wanted = {"STATUS_ID": "JUNK"}
    before = ids(read_all(portal, "crm.lead.list", filter=wanted))
    assert 2 not in before
    result(portal, "crm.lead.update", id=2, fields={"STATUS_ID": "JUNK", "TITLE": "zzz"})
    assert ids(read_all(portal, "crm.lead.list", filter=wanted)) == sorted([2, *before])
    assert ids(read_all(portal, "crm.lead.list", order={"TITLE": "DESC"}))[0] == 2
    assert result(portal, "crm.lead.get", id=2)["STATUS_SEMANTIC_ID"] == "F"
    result(portal, "crm.lead.delete", id=2)
    assert ids(read_all(portal, "crm.lead.list", filter=wanted)) == before
    assert ids(read_all(portal, "crm.lead.list", filter={"<ID": 4})) == [1, 3]


def test_changes_are_dated_by_the_portals_clock(portal):
    portal.clock_s.now_s += 3600
    result(portal, "crm.lead.update", id=7, fields={})
    lead = result(portal, "crm.lead.get", id=7)
    assert lead["DATE_MODIFY"] == "2026-01-01T04:00:00+03:00"
    assert lead["DATE_CREATE"] < lead["DATE_MODIFY"]
    found = read_all(portal, "crm.lead.list", filter={">=DATE_MODIFY": "2026-01-01T04:00:00+03:00"})
    assert ids(found) == [7]


def test_portals_of_one_seed_share_no_writes(portal):
    result(portal, "crm.lead.update", id=7, fields={"TITLE": "changed"})
    assert result(make_portal(leads=20), "crm.lead.get", id=7)["TITLE"] == "Lead 7"


def phones(portal, number):
    found = result(portal, "crm.lead.get", id=number).get("PHONE", [])
    return [(entry["VALUE"], entry["VALUE_TYPE"]) for entry in found]


@pytest.mark.parametrize(
    "sent", ["+7 1", ["+7 1"], {"VALUE": "+7 1"}, [{"VALUE": "+7 1"}], {"n0": {"VALUE": "+7 1"}}]
)
def test_a_telephone_number_can_be_sent_in_several_forms(portal, sent):
    number = result(portal, "crm.lead.add", fields={"PHONE": sent})
    assert phones(portal, number) == [("+7 1", "WORK")]
    assert result(portal, "crm.lead.get", id=number)["HAS_PHONE"] == "Y"
    assert ids(result(portal, "crm.lead.list", filter={"PHONE": "+7 1"})) == [number]


def test_telephone_numbers_are_added_changed_and_removed_by_their_id(portal):
    number = result(portal, "crm.lead.add", fields={"PHONE": ["1", "2"]})
    first, second = (entry["ID"] for entry in result(portal, "crm.lead.get", id=number)["PHONE"])
    more = [{"ID": first, "VALUE": "3", "VALUE_TYPE": "HOME"}, {"ID": second, "VALUE": ""}, {"VALUE": "4"}]
    result(portal, "crm.lead.update", id=number, fields={"PHONE": more})
    assert phones(portal, number) == [("3", "HOME"), ("4", "WORK")]
    gone = [
        {"ID": entry["ID"], "DELETE": "Y"} for entry in result(portal, "crm.lead.get", id=number)["PHONE"]
    ]
    result(portal, "crm.lead.update", id=number, fields={"PHONE": gone})
    assert phones(portal, number) == []
    assert result(portal, "crm.lead.get", id=number)["HAS_PHONE"] == "N"
    assert result(portal, "crm.lead.list", filter={"PHONE": "1"}) == []


def test_every_entry_has_a_number_of_its_own(portal):
    result(portal, "crm.lead.add", fields={"PHONE": ["1", "2"], "EMAIL": "a@example.org"})
    result(portal, "crm.contact.add", fields={"PHONE": "3"})
    entries = [
        entry["ID"]
        for method in ("crm.lead.list", "crm.contact.list", "crm.company.list")
        for row in read_all(portal, method, select=["PHONE", "EMAIL"])
        for name in ("PHONE", "EMAIL")
        for entry in row.get(name, [])
    ]
    assert len(entries) == len(set(entries))


ACTIVITY = {"OWNER_TYPE_ID": 1, "OWNER_ID": 5, "TYPE_ID": 2, "SUBJECT": "a call", "RESPONSIBLE_ID": 12}


def test_activities_belong_to_their_owner_and_to_their_bindings(portal):
    bindings = [{"OWNER_TYPE_ID": 2, "OWNER_ID": 8}]
    number = result(portal, "crm.activity.add", fields={**ACTIVITY, "BINDINGS": bindings})
    for kind, owner in ((1, 5), (2, 8)):
        wanted = {"BINDINGS": [{"OWNER_TYPE_ID": kind, "OWNER_ID": owner}]}
        assert number in ids(result(portal, "crm.activity.list", filter=wanted))
    assert number in ids(result(portal, "crm.activity.list", filter={"OWNER_TYPE_ID": 1, "OWNER_ID": 5}))
    shown = result(portal, "crm.activity.list", filter={"ID": number}, select=["BINDINGS"])[0]["BINDINGS"]
    assert [(one["OWNER_TYPE_ID"], one["OWNER_ID"]) for one in shown] == [("1", "5"), ("2", "8")]
    result(portal, "crm.activity.delete", id=number)
    assert number not in ids(result(portal, "crm.activity.list", filter=wanted))


def test_the_owner_may_be_the_first_of_the_communications(portal):
    fields = {"TYPE_ID": 2, "SUBJECT": "a call", "RESPONSIBLE_ID": 12}
    whom = [{"VALUE": "+7", "ENTITY_TYPE_ID": 3, "ENTITY_ID": 4}]
    number = result(portal, "crm.activity.add", fields={**fields, "COMMUNICATIONS": whom})
    activity = result(portal, "crm.activity.get", id=number)
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"], activity["COMPLETED"]) == ("3", "4", "N")
    assert refusal(portal, "crm.activity.add", fields=fields)[1].startswith("Could not build binding.")


@pytest.mark.parametrize(
    ("name", "what"), [("SUBJECT", "empty"), ("TYPE_ID", "invalid"), ("RESPONSIBLE_ID", "invalid")]
)
def test_an_activity_needs_a_subject_a_type_and_somebody_in_charge(portal, name, what):
    fields = {key: value for key, value in ACTIVITY.items() if key != name}
    told = refusal(portal, "crm.activity.add", fields=fields)
    assert told == ("", f"The field {name} is not defined or {what}.")


def owned(portal, kind, number):
    wanted = {"BINDINGS": {"OWNER_TYPE_ID": kind, "OWNER_ID": number}}
    return ids(read_all(portal, "crm.activity.list", filter=wanted))


def test_what_belongs_to_a_deleted_row_goes_with_it(portal):
    only = result(portal, "crm.activity.add", fields={**ACTIVITY, "OWNER_ID": 4})
    other = {"BINDINGS": [{"OWNER_TYPE_ID": 2, "OWNER_ID": 8}]}
    shared = result(portal, "crm.activity.add", fields={**ACTIVITY, "OWNER_ID": 4, **other})
    assert {only, shared} <= set(owned(portal, 1, 4))
    assert result(portal, "crm.lead.productrows.get", id=4) != []
    result(portal, "crm.lead.delete", id=4)
    assert owned(portal, 1, 4) == []
    assert refusal(portal, "crm.activity.get", id=only) == ("", "Not found")
    assert shared in owned(portal, 2, 8)
    left = result(portal, "crm.activity.get", id=shared)
    assert (left["OWNER_TYPE_ID"], left["OWNER_ID"]) == ("2", "8")
    rows = {"=ownerType": "L", "=ownerId": 4}
    assert result(portal, "crm.item.productrow.list", filter=rows)["productRows"] == []


def test_a_write_costs_a_write_at_any_size():
    portal = make_portal(leads=20_000)
    portal.call("crm.lead.list", {"filter": {"STATUS_ID": "NEW", "ASSIGNED_BY_ID": 12}})
    before = portal.stats()["rows_compared"]
    for number in range(1, 21):
        result(portal, "crm.lead.update", id=number, fields={"STATUS_ID": "JUNK"})
    assert portal.stats()["rows_compared"] == before
    assert len(portal.store.leads.written) == 20
