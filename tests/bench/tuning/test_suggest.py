"""Each suggestion fires where it should, and is silent on what looks alike and is right."""

from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.tuning.suggest import (
    SUGGESTIONS,
    batches,
    connections,
    findings,
    growing,
    head_of_line,
    in_flight,
    processor,
    refused,
    suggest,
    window,
)
from perfkit.bench.tuning.suggest.case import Case
from perfkit.bench.tuning.tuner import TunePlan, tune
from perfkit.model import Cell, Finding, Frame, HostFacts, Knee, Point, Sample, Span, Trace, Tuning, WorldInfo
from tests.report.sample import empty_run, sample_run, trace_run

MS, S = 1_000_000, 1_000_000_000


def case(**changes):
    counters = {"request": 100, "connect": 1}
    return Case(**({"where": "here", "about": "x/y", "elapsed_ns": 20 * S, "counters": counters} | changes))


def trace(*spans, hosts=(), elapsed_ns=20 * S):
    made = [
        Span(n, None, kind, name, start, end, attrs=attrs)
        for n, (kind, name, start, end, attrs) in enumerate(spans)
    ]
    return Trace("virtual", 0, elapsed_ns, spans=made, hosts=list(hosts))


def finding(rule, **changes):
    fields = {
        "name": "n",
        "template": "GET /x",
        "count": 10,
        "spent_ns": 9 * S,
        "site": Frame("a.py", 7, "f"),
    }
    return Finding(rule, **(fields | changes))


def cell(strategy, elapsed_s, peak, requests=100, **changes):
    fields = {
        "samples": [Sample(1, round(elapsed_s * S))],
        "counters": {"request": requests},
        "peak_in_flight": peak,
        "waiting_ns": round(elapsed_s * S),
    }
    return Cell("own", strategy, 100, **(fields | changes))


def compared(own, *peers, **changes):
    fields = {
        "peak_in_flight": own.peak_in_flight,
        "waiting_ns": own.waiting_ns,
        "cell": own,
        "peers": list(peers),
    }
    return case(elapsed_ns=own.elapsed_ns, counters=own.counters, **(fields | changes))


def only(module, subject):
    (advice,) = module.check(subject)
    return advice


# Refused requests


def test_refused_requests_and_the_limit_that_is_known():
    hosts = [HostFacts("portal", burst=50, per_second=2.0)]
    subject = case(
        counters={"request": 100, "status_503": 40, "status_429": 2},
        trace=trace(hosts=hosts),
        findings=[finding("PK402", saving_ns=3 * S)],
    )
    advice = only(refused, subject)
    assert advice.what.startswith("Keep to the limit: 50 requests at once, then 2/s")
    assert advice.why == "The service refused 42 of 100 requests."
    assert advice.figures[0] == "2 x 429, 40 x 503"
    assert advice.worth_ns == 3 * S


def test_refused_requests_without_a_known_limit():
    advice = only(refused, case(counters={"request": 100, "status_503": 40}, peak_in_flight=50))
    assert advice.what.startswith("Have fewer than 50 requests under way")


@pytest.mark.parametrize("counters", [{"request": 100}, {"request": 100, "status_503": 2}, {"status_500": 9}])
def test_nothing_is_refused(counters):
    assert not list(refused.check(case(counters=counters)))


# Connections


def test_a_connection_for_every_call():
    world = WorldInfo("own", "own", rtt_ns=200 * MS)
    advice = only(connections, case(counters={"request": 100, "connect": 100}, peak_in_flight=5, world=world))
    assert advice.what == "Share one session, or a pool of 5 connections, between all calls."
    assert advice.worth_ns == 95 * 200 * MS


def test_churn_that_the_rule_found():
    churn = finding("PK401", saving_ns=S)
    advice = only(connections, case(counters={"query": 100, "connect": 20}, findings=[churn]))
    assert "opened at a.py:7 in f" in advice.what
    assert advice.worth_ns == S


@pytest.mark.parametrize(
    "counters", [{"request": 100, "connect": 5}, {"request": 10, "connect": 10}, {"request": 2, "connect": 2}]
)
def test_as_many_connections_as_are_needed(counters):
    assert not list(connections.check(case(counters=counters, peak_in_flight=10)))


def test_waiting_for_a_pool():
    waits = [("wait", "asyncpg.Pool.acquire", n * S, n * S + 500 * MS, {}) for n in range(10)]
    advice = only(connections, case(trace=trace(*waits), peak_in_flight=4))
    assert (advice.code, advice.worth_ns) == ("pool", 5 * S)
    short = [("wait", "asyncpg.Pool.acquire", n * S, n * S + 5 * MS, {}) for n in range(10)]
    other = [("wait", "asyncio.Lock.acquire", n * S, n * S + 500 * MS, {}) for n in range(10)]
    assert not list(connections.check(case(trace=trace(*short, *other))))


# In flight


def test_far_fewer_in_flight_than_the_service_can_take():
    advice = only(in_flight, compared(cell("serial", 20, 1), cell("concurrent", 2, 10)))
    assert advice.code == "raise-in-flight"
    assert advice.what == "Have 10 operations under way at a time, not 1."
    assert advice.figures[0] == "50 operations/s x 200 ms = 10 in flight"
    assert advice.worth_ns == 18 * S


def test_far_more_in_flight_than_gains_anything():
    serial, five, many = cell("serial", 20, 1), cell("five", 4, 5), cell("fifty", 4, 50)
    advice = only(in_flight, compared(many, serial, five))
    assert advice.code == "lower-in-flight"
    assert advice.what == "Have 5 operations under way at a time, not 50."
    assert not list(in_flight.check(compared(five, serial, many)))


def test_strategies_that_do_something_else_tell_nothing():
    assert not list(in_flight.check(compared(cell("serial", 20, 1), cell("batched", 2, 10, requests=2))))
    assert not list(in_flight.check(compared(cell("serial", 20, 1))))
    bound = compared(cell("serial", 20, 1), cell("concurrent", 2, 10), computing_ns=15 * S)
    assert not list(in_flight.check(bound))


def tuning(default, chosen, *, needed=6.0, goals=None):
    """A limit whose goal is measured at some values, in seconds."""
    goals = goals or {default: 9.0, chosen: 2.0}
    points = [Point({"limit": value}, "grid", 1, 1, goal * S) for value, goal in goals.items()]
    return Tuning(
        *("jobs", "bounded", "own", "own", 1, "jobs", 1),
        parameters={"limit": sorted(goals)},
        defaults={"limit": default},
        goal={"elapsed_ns": 1.0},
        limits={},
        points=points,
        chosen={"limit": chosen},
        knee=Knee("limit", "request", "served", 10 * needed, 100_000_000.0, 20),
    )


def test_a_declared_value_far_from_the_knee():
    advice = only(in_flight, case(tuning=tuning(2, 6)))
    assert (advice.code, advice.what, advice.worth_ns) == ("raise-in-flight", "Set limit to 6, not 2.", 7 * S)
    advice = only(in_flight, case(tuning=tuning(50, 6, goals={50: 2.0, 6: 2.0})))
    assert (advice.code, advice.what, advice.worth_ns) == ("lower-in-flight", "Set limit to 6, not 50.", None)
    assert not list(in_flight.check(case(tuning=tuning(5, 6))))


# Batches


def batch(number, commands):
    return (
        "request",
        "POST /batch",
        number * S,
        number * S + 100 * MS,
        {"batch": commands, "host": "portal"},
    )


def test_batches_half_empty():
    hosts = [HostFacts("portal", batch_size=50)]
    advice = only(batches, case(trace=trace(*(batch(n, 5) for n in range(20)), hosts=hosts)))
    assert advice.what == "Collect more before a batch is sent: 2 full batches carry what 20 did."
    assert advice.figures == ("20 batches", "100 commands", "10 % full")
    full = trace(*(batch(n, 50) for n in range(20)), batch(20, 3), hosts=hosts)
    unknown = trace(*(batch(n, 5) for n in range(20)))
    few = trace(batch(0, 5), batch(1, 5), hosts=hosts)
    assert not [a for made in (full, unknown, few) for a in batches.check(case(trace=made))]


# Windows


def windows(goals, name="window_s"):
    made = tuning(1, 1, goals={1: 1.0})
    made.parameters = {name: sorted(goals)}
    made.defaults = {name: max(goals)}
    made.points = [Point({name: value}, "grid", 1, 1, goal * S) for value, goal in goals.items()]
    return case(tuning=made)


def test_a_window_that_is_most_of_the_delay():
    advice = only(window, windows({10: 10.6, 1: 1.6}))
    assert advice.what == "Lower window_s from 10 to 1."
    assert advice.figures == ("window_s 10: 10.6 s", "window_s 1: 1.6 s")
    assert advice.worth_ns == 9 * S
    assert not list(window.check(windows({10: 10.6, 1: 8.0})))
    assert not list(window.check(windows({10: 10.6, 1: 1.6}, name="batch")))


# Head of line


def test_batches_that_wait_for_each_other():
    waiting = finding("PK203", saving_ns=5 * S, fix="Send up to 5 of these batches at a time.")
    advice = only(head_of_line, case(findings=[waiting]))
    assert (advice.what, advice.worth_ns) == ("Send up to 5 of these batches at a time.", 5 * S)
    assert not list(head_of_line.check(case(findings=[finding("PK102", saving_ns=S)])))


# The processor


def test_bound_by_the_processor():
    advice = only(processor, case(computing_ns=15 * S))
    assert advice.what.startswith("Do not add concurrency: compute less.")
    assert advice.figures[0] == "computing 75 %"
    assert only(processor, case(computing_ns=15 * S, clock="wall")).worth_ns == 15 * S
    assert not list(processor.check(case(computing_ns=5 * S)))
    assert not list(processor.check(case()))


# What grows


def sizes(*made):
    return case(smaller=[sized(size, **changes) for size, changes in made])


def sized(size, **changes):
    made = cell("serial", 1, 1, **changes)
    made.size = size
    return made


def test_errors_that_rise_with_the_load():
    few, many = {"request": 100, "status_500": 0}, {"request": 1000, "status_500": 50, "status_503": 300}
    advice = only(growing, sizes((10, {"counters": few}), (100, {"counters": many})))
    assert (advice.code, advice.figures) == ("errors", ("0 % at 10", "5 % at 100"))
    steady = {"request": 1000, "status_404": 50}
    assert not list(growing.check(sizes((10, {"counters": steady}), (100, {"counters": steady}))))


def test_memory_that_rises_faster_than_the_data():
    def held(power):
        return sizes(*((size, {"figures": {"peak_bytes": float(size**power)}}) for size in (10, 100)))

    assert only(growing, held(2)).code == "memory"
    assert not list(growing.check(held(1)))


def test_what_fails_when_there_is_more_of_it():
    advice = only(
        growing, sizes((10, {}), (100, {"status": "timeout", "error": "after 120 s", "samples": []}))
    )
    assert (advice.code, advice.figures) == ("fails-when-large", ("after 120 s",))
    failed = {"status": "failed", "error": "no", "samples": []}
    assert not list(growing.check(sizes((10, failed), (100, {}))))


# Findings


def test_the_findings_that_promise_most():
    promised = [finding("PK101", saving_ns=s * S) for s in (2, 9, 5, 4)]
    advice = list(findings.check(case(findings=[*promised, finding("PK402", saving_ns=19 * S)])))
    assert [one.worth_ns for one in advice] == [9 * S, 5 * S, 4 * S]
    small = [finding("PK101", saving_ns=100 * MS), finding("PK302")]
    assert not list(findings.check(case(findings=small)))


# All together


def test_most_worth_first_and_each_once():
    found = suggest(sample_run())
    worth = [advice.worth_ns for advice in found.advice if advice.worth_ns is not None]
    assert worth == sorted(worth, reverse=True)
    assert [advice.worth_ns for advice in found.advice[len(worth) :]] == [None] * (
        len(found.advice) - len(worth)
    )
    assert len({(a.code, a.about, a.why) for a in found.advice}) == len(found.advice)
    assert len(found.looked_at) == len(SUGGESTIONS)
    assert all("as_published" not in where for where in found.cases)  # it declares its flaw


def test_a_recorded_program():
    assert suggest(trace_run()).cases == ["the recorded program"]


def test_nothing_to_suggest_is_said_with_what_was_looked_at():
    found = suggest(empty_run())
    assert (found.advice, found.cases) == ([], [])
    assert "how full batches are" in found.looked_at


def test_a_tuned_run():
    jobs = {s.name: s for s in load_file(Path(__file__).parent / "jobs.py")}
    (advice,) = suggest(tune(jobs["workers"], TunePlan(workers=1))).advice
    assert (advice.what, advice.worth_ns) == ("Set limit to 6, not 2.", 4 * S)
