"""The journal, and the trace that it is for the rules."""

import pytest

from perfkit.ingest import analyze
from perfkit.model import Environment, Machine, Run, pack
from perfkit.model.storage import write_run
from perfkit.rules import check
from perfkit.worlds.bitrix24.answers import JournalRow
from perfkit.worlds.bitrix24.journal import Journal
from perfkit.worlds.bitrix24.php import build_query
from perfkit.worlds.bitrix24.traces import INSIDE, trace_of
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


MS = 1_000_000


def row(number):
    return JournalRow(float(number), "profile", 200, 1, 0)


def test_rows_are_kept_up_to_a_limit():
    journal = Journal(3)
    journal.extend(row(number) for number in range(1, 6))
    assert (len(journal), journal.added, journal.dropped) == (3, 5, 2)
    assert [each.at_s for each in journal] == [3, 4, 5]
    assert (journal[0].at_s, journal[-1].at_s) == (3, 5)
    assert [each.at_s for each in journal[1:]] == [4, 5]
    assert [number for number, _ in journal.since(0)] == [3, 4, 5]
    assert [(number, each.at_s) for number, each in journal.since(4)] == [(5, 5.0)]
    assert list(journal.since(5)) == list(journal.since(99)) == []
    assert journal == [row(3), row(4), row(5)]


def test_without_a_limit_and_with_none_kept():
    whole, none = Journal(), Journal(0)
    for journal in (whole, none):
        journal.extend(row(number) for number in range(10))
    assert (len(whole), whole.dropped) == (10, 0)
    assert (len(none), none.dropped) == (0, 10)


@pytest.fixture
def portal():
    """A portal that keeps parameters, and its clock, which goes on while a request is served."""
    clock = Clock()
    made = make_portal(leads=200, clock=clock, journal_params=True)

    def call(method, params):
        reply = made.call(method, params, client="10.0.0.1")
        clock.now_s += reply.cost_ns / 1e9
        return reply

    made.ask = call
    return made


def test_spans(portal):
    portal.ask("crm.lead.get", {"ID": 7})
    portal.ask("batch", {"cmd": {"a": "crm.lead.get?ID=1", "b": "crm.lead.list?filter[NO]=1"}})
    portal.journal[1].queued_ns = 1_000_000
    trace = trace_of(portal.journal, portal.config, host="crm.test")
    one, batch, first, second = trace.spans
    assert [span.parent for span in trace.spans] == [None, None, batch.id, batch.id]
    assert (one.kind, one.name) == ("request", "POST crm.test/rest/{user}/{token}/crm.lead.get")
    assert one.attrs["params"].keys() == {"ID"}
    assert one.duration_ns == one.attrs["server_ns"] == 3_520_000
    assert (batch.attrs["batch"], batch.attrs["rpc"]) == (2, "batch")
    assert batch.duration_ns == batch.attrs["server_ns"] + 1_000_000
    assert (first.attrs["host"], first.attrs["rpc"], second.attrs["dropped"]) == (
        INSIDE,
        "crm.lead.get",
        ["NO"],
    )
    assert first.end_ns <= second.start_ns
    assert second.end_ns <= batch.end_ns
    assert trace.facts("crm.test").batch_size == 50
    assert (trace.dropped, trace.probes, trace.warnings) == (0, ["bitrix24"], [])


def test_no_value_is_in_a_trace(portal):
    portal.ask("crm.lead.list", {"filter": {"TITLE": "s3cr3t"}, "auth": "s3cr3t"})
    assert "s3cr3t" not in repr(trace_of(portal.journal, portal.config))


def test_what_was_lost_is_said():
    portal = make_portal(leads=20, journal=3)
    for _ in range(2):
        portal.call("batch", {"cmd": ["profile", "profile"]})
    portal.call("profile", {})
    trace = trace_of(portal.journal, portal.config)
    assert [span.attrs["rpc"] for span in trace.spans] == ["profile"]
    assert trace.dropped == 6
    assert trace.warnings == ["6 rows of the journal were lost: it keeps 3"]


def test_an_empty_journal(portal):
    assert trace_of(portal.journal, portal.config).spans == []


def rules(portal):
    return {(found.rule, found.count) for found in check(trace_of(portal.journal, portal.config))}


def test_rules_see_calls_one_by_one(portal):
    for number in range(1, 30):
        portal.ask("crm.lead.get", {"ID": number})
    (found,) = check(trace_of(portal.journal, portal.config))
    assert (found.rule, found.count) == ("PK102", 29)
    assert found.fix.startswith("Send up to 50 of these calls (crm.lead.get) in one batch request")


def test_rules_see_commands_one_by_one(portal):
    for batch in range(3):
        owners = range(batch * 50 + 1, batch * 50 + 51)
        commands = [
            f"crm.activity.list?{build_query({'filter': {'OWNER_TYPE_ID': 1, 'OWNER_ID': owner}})}"
            for owner in owners
        ]
        portal.ask("batch", {"cmd": commands})
    found = [each for each in check(trace_of(portal.journal, portal.config)) if each.rule == "PK102"]
    assert [(each.count, each.template.split()[:4]) for each in found] == [
        (150, ["inside", "a", "batch", "crm.activity.list"])
    ]
    assert found[0].fix.startswith("Ask once for all of them, with a list for filter.OWNER_ID")


def test_rules_see_ignored_filters_and_refusals(portal):
    for number in range(3):
        portal.ask("crm.activity.list", {"filter": {"LOGIC": "OR", "FILTER": [{"OWNER_ID": number}]}})
    assert ("PK302", 3) in rules(portal)
    limited = make_portal(leads=20, burst=2)
    for _ in range(8):
        limited.call("profile", {})
    assert ("PK402", 6) in rules(limited)


def test_analyze_reads_it(portal, tmp_path):
    for number in range(1, 30):
        portal.ask("crm.lead.get", {"ID": number})
    packed = pack(trace_of(portal.journal, portal.config))
    machine = Machine("2026-01-05T09:00:00+00:00", Environment("3.13", "CPython", "Linux", "x86_64", 2))
    path = write_run(Run("trace", "wall", 1, machine, trace=packed), tmp_path / "journal.json")
    assert [(found.rule, found.count) for found in analyze([str(path)]).findings] == [("PK102", 29)]
