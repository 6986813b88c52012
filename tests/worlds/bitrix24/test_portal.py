"""The portal as a whole: errors, limits, the time of an answer, and whatever random clients send."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24 import Portal, PortalConfig
from perfkit.worlds.bitrix24.config import TARIFFS
from perfkit.worlds.bitrix24.methods import METHODS
from tests.worlds.bitrix24.helpers import Clock, make_portal

PORTAL = make_portal(leads=20)
NOT_FOUND = {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}
UNKNOWN_TOKEN = {"error": "INVALID_CREDENTIALS", "error_description": "Invalid request credentials"}
TOO_MANY = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}


def test_the_method_is_looked_for_before_the_token():
    for user, token in (("1", "wrong"), ("2", "perfkitdemotoken"), ("", "")):
        caller = PORTAL.authenticate(user, token)
        unknown = PORTAL.call("crm.nope", {}, caller=caller)
        known = PORTAL.call("crm.lead.list", {}, caller=caller)
        batch = PORTAL.call("batch", {}, caller=caller)
        assert (unknown.status, unknown.body) == (404, NOT_FOUND)
        assert (known.status, known.body) == (batch.status, batch.body) == (401, UNKNOWN_TOKEN)


def test_methods_are_found_in_any_case():
    assert PORTAL.call("CRM.Lead.List", {}).status == 200


def test_sixty_calls_at_once():
    portal = make_portal(burst=50)
    replies = [portal.call("crm.lead.get", {"ID": 1}, client="10.0.0.1") for _ in range(60)]
    assert [reply.status for reply in replies] == [200] * 50 + [503] * 10
    assert replies[-1].body == TOO_MANY
    assert replies[-1].cost_ns == 500_000
    assert portal.call("crm.lead.get", {"ID": 1}, client="10.0.0.2").status == 200
    assert portal.stats()["refused"] == 10
    assert [row.error for row in portal.journal].count("QUERY_LIMIT_EXCEEDED") == 10


def test_a_batch_is_one_request_to_the_limit():
    portal = make_portal(burst=2)
    replies = [portal.call("batch", {"cmd": ["profile"] * 50}) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 503]


@pytest.mark.parametrize(("counts", "later"), [(False, [2, 2, 2]), (True, [0, 0, 0])])
def test_refused_calls_may_fill_the_bucket(counts, later):
    """Sixty calls at once on the standard tariff, and ten more each second: blocked ones count, or not."""
    clock = Clock()
    portal = make_portal(**TARIFFS["standard"], blocked_calls_count=counts, clock=clock)
    assert sum(portal.call("profile", {}).status == 200 for _ in range(60)) == 50
    admitted = []
    for _ in later:
        clock.now_s += 1.0
        admitted.append(sum(portal.call("profile", {}).status == 200 for _ in range(10)))
    assert admitted == later


def test_the_enterprise_tariff_lets_more_through():
    clock = Clock()
    portal = make_portal(**TARIFFS["enterprise"], clock=clock)
    assert sum(portal.call("profile", {}).status == 200 for _ in range(300)) == 250
    clock.now_s += 2.0
    assert sum(portal.call("profile", {}).status == 200 for _ in range(300)) == 10


def test_refused_calls_are_let_in_again_later():
    clock = Clock()
    portal = make_portal(burst=50, clock=clock)
    for _ in range(60):
        portal.call("profile", {})
    clock.now_s += 1.0
    assert [portal.call("profile", {}).status for _ in range(3)] == [200, 200, 503]


def test_the_time_of_an_answer():
    timing = make_portal(clock=Clock(1_767_225_600.5)).call("crm.lead.get", {"ID": 1}).body["time"]
    assert timing == {
        "start": 1_767_225_600.5,
        "finish": 1_767_225_600.5 + 0.00352,
        "duration": 0.00352,
        "processing": 0.00352,
        "date_start": "2026-01-01T03:00:00+03:00",
        "date_finish": "2026-01-01T03:00:00+03:00",
    }


def test_operating_time_is_shown_in_the_cloud_only_and_adds_up():
    clock = Clock(600_000.0)
    portal = make_portal(leads=4000, burst=50, clock=clock)
    shown = [portal.call("crm.lead.list", {}).body["time"] for _ in range(2)]
    cost_s = (2_000_000 + 1_500_000 + 50 * 20_000 + 6000 * 21_000) / 1e9
    assert [timing["operating"] for timing in shown] == [cost_s, 2 * cost_s]
    assert shown[0]["operating_reset_at"] == 600_600
    clock.now_s += 700
    assert portal.call("crm.lead.get", {"ID": 1}).body["time"]["operating"] == 0


def test_a_batch_is_not_billed_itself():
    body = make_portal(leads=4000, burst=50).call("batch", {"cmd": {"a": "crm.lead.list"}}).body
    assert body["time"]["operating"] == 0
    assert body["result"]["result_time"]["a"]["operating"] == (1_500_000 + 50 * 20_000 + 6000 * 21_000) / 1e9


@pytest.mark.parametrize("leads", [20, 200, 2000])
def test_the_report_of_the_leads_scenario_is_too_cheap_to_be_billed(leads):
    portal = make_portal(leads=leads, burst=50)
    filters = {"STATUS_ID": ["NEW", "IN_PROCESS", "PROCESSED"], "OWNER_TYPE_ID": 1, "COMPLETED": "N"}
    for method in ("crm.lead.list", "crm.activity.list"):
        assert portal.call(method, {"filter": filters}).body["time"]["operating"] == 0


def test_the_clock_is_looked_up_at_each_call(monkeypatch):
    portal = Portal(PortalConfig(leads=1))
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert portal.call("profile", {}).body["time"]["start"] == 86_400.0
    assert portal.journal[0].at_s == 86_400.0


def test_recent_portals_show_whole_seconds():
    portal = make_portal(clock=Clock(1_767_225_600.75), whole_seconds=True, command_ns=1_300_000_000)
    timing = portal.call("profile", {}).body["time"]
    assert (timing["start"], timing["processing"]) == (1_767_225_600, 1)
    assert timing["duration"] == 1.30202
    assert timing["finish"] == 1_767_225_600.75 + 1.30202
    assert timing["date_finish"] == "2026-01-01T03:00:02+03:00"


def test_the_journal_may_be_bounded_but_the_totals_are_not():
    portal = make_portal(journal=3)
    for _ in range(3):
        portal.call("batch", {"cmd": ["profile", "nope"]})
    assert [row.method for row in portal.journal] == ["batch", "profile", "nope"]
    assert portal.journal.dropped == 6
    assert (portal.stats()["requests"], portal.stats()["commands"], portal.stats()["errors"]) == (3, 6, 3)


def test_a_reply_names_its_row():
    portal = make_portal()
    reply = portal.call("batch", {"cmd": ["profile"]}, client="10.0.0.1")
    assert reply.row is portal.journal[0]
    assert [row.client for row in portal.journal] == ["10.0.0.1"] * 2


def test_stats_count_the_journal():
    portal = make_portal(leads=20)
    portal.call("crm.lead.list", {"filter": {"NOPE": 1}})
    portal.call("batch", {"cmd": ["crm.lead.get?ID=1", "nope"]})
    assert portal.stats() == {
        "requests": 2, "commands": 2, "refused": 0, "blocked": 0, "errors": 1, "rows": 31,
        "carried_out": 2, "dropped_filters": 1, "remarks": 0,
        "rows_compared": 0, "rows_rendered": 31,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"leads": -1}, "leads must be 0 or more, not -1"),
        ({"row_ns": -5}, "row_ns must be 0 or more, not -5"),
        ({"burst": 0}, "lets nothing through"),
        ({"per_second": 0}, "lets nothing through"),
        ({"past_end": "loop"}, "must be 'wrap' or 'empty', not 'loop'"),
        ({"operating": "outer"}, "must be 'off' or 'nested' or 'batch', not 'outer'"),
        ({"costs": "real"}, "must be 'assumed' or 'documented', not 'real'"),
        ({"bad_token_status": 400}, "must be 401 or 403, not 400"),
        ({"operating_limit_s": 0}, "operating_limit_s must be above 0"),
        ({"request_cap_s": -1}, "request_cap_s must be above 0"),
        ({"sigma": float("nan")}, "sigma must be 0 or more"),
        ({"method_ns": {"crm.Lead.get": 1}}, "give lower-case names"),
        ({"method_ns": {"profile": -1}}, "nanoseconds of 0 or more"),
        ({"slowdowns": ((10, 5, 2.0),)}, "must end after it begins"),
        ({"slowdowns": ((0, 5, 0.0),)}, "its factor must be above 0"),
        ({"journal": -1}, "keeps 0 rows or more"),
    ],
)
def test_bad_settings_are_refused(setting, message):
    with pytest.raises(WorldError, match=message):
        PortalConfig(**{"leads": 1, **setting})


def test_an_empty_portal_answers():
    portal = make_portal(leads=0)
    for method in ("crm.lead.list", "crm.activity.list"):
        assert portal.call(method, {"order": {"START_TIME": "ASC"}, "start": 50}).body["result"] == []


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["ASC", "ID", "7", "*", "$result[0]"]),
)
KEYS = st.sampled_from(
    ["ID", ">ID", "!STATUS_ID", "%TITLE", "BINDINGS", "OWNER_ID", "OWNER_TYPE_ID", "UF_DEPARTMENT", "0", "x"]
)
NAMES = st.sampled_from(
    ["filter", "FILTER", "order", "select", "start", "ID", "id", "sort", "cmd", "halt", "ACTIVE"]
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=3),
    ),
    max_leaves=6,
)
params = st.dictionaries(NAMES, anything, max_size=4)
commands = st.lists(
    st.text(max_size=20) | st.builds("{}?{}".format, st.sampled_from(sorted(METHODS)), st.text(max_size=20)),
    max_size=4,
)


@given(st.sampled_from([*sorted(METHODS), "batch", "nope"]), params)
def test_nothing_a_client_sends_breaks_the_portal(method, sent):
    assert PORTAL.call(method, sent).status in (200, 400, 403, 404)


@given(commands)
def test_no_command_breaks_a_batch(cmd):
    assert PORTAL.call("batch", {"cmd": cmd}).status == 200
