"""Entities beside leads: that they fit together, and the small methods about lists, people and the portal."""

import pytest

from perfkit.worlds.bitrix24.config import ACCESS_TOKEN
from tests.worlds.bitrix24.helpers import Clock, ids, make_portal, read_all, result

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)
KINDS = {1: "lead", 2: "deal", 3: "contact", 4: "company"}


def refusal(method, **params):
    reply = PORTAL.call(method, params)
    assert reply.status == 400, reply
    return reply.body["error"], reply.body["error_description"]


@pytest.mark.parametrize("leads", [0, 1, 2, 5, 400])
def test_every_reference_leads_somewhere(leads):
    portal = make_portal(leads=leads)
    rows = {kind: read_all(portal, f"crm.{kind}.list") for kind in (*KINDS.values(), "activity")}
    known = {kind: {row["ID"] for row in found} for kind, found in rows.items()}
    known["user"] = {row["ID"] for row in result(portal, "user.get")}
    targets = {"COMPANY_ID": "company", "CONTACT_ID": "contact", "LEAD_ID": "lead", "ASSIGNED_BY_ID": "user"}
    for kind, found in rows.items():
        for row in found:
            for name, target in targets.items():
                assert row.get(name) in known[target] | {None}, (kind, row["ID"], name)
            if kind == "activity":
                assert row["OWNER_ID"] in known[KINDS[int(row["OWNER_TYPE_ID"])]]


@pytest.mark.parametrize("name", ["STATUS_ID", "SOURCE_ID"])
def test_statuses_of_leads_are_in_the_lists(name):
    entity = {"STATUS_ID": "STATUS", "SOURCE_ID": "SOURCE"}[name]
    listed = {row["STATUS_ID"] for row in result(PORTAL, "crm.status.list", filter={"ENTITY_ID": entity})}
    assert {row[name] for row in read_all(PORTAL, "crm.lead.list")} <= listed | {None}


def test_statuses_come_in_their_order():
    body = PORTAL.call("crm.status.list", {}).body
    assert len(body["result"]) == body["total"] == PORTAL.store.statuses.size
    assert "next" not in body
    stages = result(PORTAL, "crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}, order={"SORT": "DESC"})
    assert [row["STATUS_ID"] for row in stages][:3] == ["APOLOGY", "LOSE", "WON"]
    assert [row["SEMANTICS"] for row in stages][:4] == ["F", "F", "S", None]
    assert stages[0] == result(PORTAL, "crm.status.get", id=stages[0]["ID"])
    assert result(PORTAL, "crm.dealcategory.stage.list", id=0) == result(
        PORTAL, "crm.status.entity.items", entityId="DEAL_STAGE"
    )
    assert result(PORTAL, "crm.dealcategory.stage.list", id=5) == []
    assert refusal("crm.status.get", id=999) == ("Status is not found.", "Status is not found.")


def test_lists_and_pipelines():
    types = {row["ID"]: row.get("ENTITY_TYPE_ID") for row in result(PORTAL, "crm.status.entity.types")}
    assert (types["STATUS"], types["DEAL_STAGE"], types["SOURCE"]) == (1, 2, None)
    assert types["DYNAMIC_1030_STAGE_1"] == 1030
    pipelines = result(PORTAL, "crm.category.list", entityTypeId=2)["categories"]
    assert [(row["id"], row["isDefault"], row["entityTypeId"]) for row in pipelines] == [(0, "Y", 2)]
    assert result(PORTAL, "crm.dealcategory.list") == []


def test_people_are_found_by_what_they_have_in_common():
    everybody = {"LEAD": [2], "CONTACT": [2], "COMPANY": [2]}
    values = ["+7 (000) 000-00-02", "70010000002", "7002 0000002"]
    find = "crm.duplicate.findbycomm"
    assert result(PORTAL, find, type="PHONE", values=values) == everybody
    assert result(PORTAL, find, type="phone", values=values, entity_type="CONTACT") == {"CONTACT": [2]}
    assert result(PORTAL, find, type="EMAIL", values=["LEAD4@example.org"]) == {"LEAD": [4]}
    assert result(PORTAL, find, type="PHONE", values=["1"]) == []
    assert PORTAL.store.find_by_phone("70010000002") == [(3, 2)]
    assert PORTAL.store.find_by_phone("none") == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"values": ["1"]}, "Communication type is not defined"),
        ({"type": "IM", "values": ["1"]}, "Communication type 'IM' is not supported in current context"),
        ({"type": "PHONE"}, "Communication values is not defined"),
    ],
)
def test_a_search_needs_a_type_and_values(params, code):
    assert refusal("crm.duplicate.findbycomm", **params)[0] == code


def test_users_can_be_searched():
    everybody = ids(result(PORTAL, "user.get"))
    assert ids(result(PORTAL, "user.search", FIND="SALES")) == everybody[1:]
    assert ids(result(PORTAL, "user.search", FILTER={"LAST_NAME": "24"})) == [24, 247]
    assert ids(result(PORTAL, "user.search", NAME="man", LAST_NAME="5")) == [5, 58]
    assert result(PORTAL, "user.search", FIND="nobody") == []
    assert "WORK_POSITION" in result(PORTAL, "user.fields")


def test_the_caller_is_who_the_webhook_or_the_token_stands_for():
    assert result(PORTAL, "user.current")["ID"] == "1"
    application = PORTAL.authenticate(None, ACCESS_TOKEN)
    assert PORTAL.call("profile", {}, caller=application).body["result"]["ID"] == "1"
    assert PORTAL.call("app.info", {}, caller=application).body["result"]["STATUS"] == "L"
    assert PORTAL.call("app.info", {}).status == 403


def test_departments():
    found = result(PORTAL, "department.get")
    assert [row["NAME"] for row in found] == ["Company", "Sales", "Service", "Support"]
    assert [row.get("PARENT") for row in found] == [None, "1", "1", "1"]
    assert {type(row["SORT"]) for row in found} == {int}
    assert ids(result(PORTAL, "department.get", PARENT=1, sort="NAME", order="DESC")) == [4, 3, 2]


def test_the_portal_about_itself():
    assert result(make_portal(clock=Clock(0.0)), "server.time") == "1970-01-01T03:00:00+03:00"
    assert {"crm", "task", "user"} <= set(result(PORTAL, "scope"))
    there, unknown = {"isExisting": True, "isAvailable": True}, {"isExisting": False, "isAvailable": False}
    assert result(PORTAL, "method.get", name="CRM.Lead.List") == there
    assert result(PORTAL, "method.get", name="crm.nope") == unknown


LEAD_LIST = {"select": ["ID"]}


@pytest.mark.parametrize(
    ("method", "params", "notes"),
    [
        ("crm.lead.list", {"select": ["ID"]}, []),
        ("crm.lead.list", {}, ["no select"]),
        ("crm.lead.list", {**LEAD_LIST, "filter": {"LOGIC": "OR"}}, ["filter 'LOGIC'"]),
        ("crm.lead.list", {**LEAD_LIST, "start": 60}, ["start=60 is no multiple of 50"]),
        ("crm.lead.list", {**LEAD_LIST, "start": 300}, ["start=300 lies behind the last of 300 rows"]),
        ("crm.lead.list", {**LEAD_LIST, "start": 50}, []),
        ("crm.lead.list", {**LEAD_LIST, "start": -1}, []),
        ("crm.lead.list", {"select": ["ID", "NOPE"]}, ["select 'NOPE'"]),
        ("crm.lead.list", {**LEAD_LIST, "order": {"NOPE": "ASC"}}, ["order by 'NOPE'"]),
        ("crm.item.list", {"entityTypeId": 1, "select": ["id", "fm"]}, ["select 'fm'"]),
        ("crm.item.list", {"entityTypeId": 1, "select": ["x"], "start": 7}, ["select 'x'", "start=7"]),
        ("tasks.task.list", {"filter": {"X": 1}}, ["filter 'X'", "no select"]),
        ("user.get", {"filter": {"X": 1}}, ["filter 'X'"]),
    ],
)
def test_strict_mode_is_told_what_a_real_portal_keeps_to_itself(method, params, notes):
    told = make_portal(leads=200, strict="tell").call(method, params).notes
    assert len(told) == len(notes), told
    assert all(note.startswith(start) for note, start in zip(told, notes, strict=True)), told


def test_a_filter_that_is_no_array_is_an_error():
    for name in ("filter", "order"):
        assert refusal("crm.deal.list", **{name: "x"}) == ("", f"Parameter '{name}' must be array.")
        assert PORTAL.call("crm.deal.list", {name: ""}).status == 200


def test_a_common_filter_is_matched_once_for_all_pages():
    portal = make_portal(leads=20_000)
    wanted = {"filter": {"!STATUS_ID": "JUNK", "%TITLE": "lead"}, "select": ["ID"]}
    for start in (0, 50, 5_000):
        portal.call("crm.lead.list", {**wanted, "start": start})
    assert portal.stats()["rows_compared"] <= 2 * 30_000
