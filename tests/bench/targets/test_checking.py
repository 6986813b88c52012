"""Targets beside what a real run measured: exact, in virtual time."""

from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.bench.targets import checking, peaks
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.errors import ConfigError
from perfkit.model import Outcome

from .office import HELD_BYTES

pytestmark = pytest.mark.once

MS = 1_000_000
FILE = Path(__file__).parent / "office.py"
LIMITS = {"response": 250e6, "throughput": 45.0, "errors": 0.01, "query": 21e6}
NEITHER = {"cpu": 0.5, "query": 21e6}


@pytest.fixture(scope="module")
def office():
    (found,) = load_file(FILE)
    return found


def profile(limits, **named):
    return Profile({}, {"office": [Wanted("office", limits, **named)]})


def measured(office, profile, **options):
    return bench([office], Plan(**{"workers": 1, "timeout_s": 20, **options}), targets=profile)


@pytest.fixture(scope="module")
def run(office):
    """One target of each strategy, at the smaller size."""
    names = ("", "refused", "stored", "raises")
    wanted = [Wanted("office", LIMITS, strategy=name, size=10) for name in names]
    return measured(office, Profile({}, {"office": wanted}), sizes=(10,))


def of(run, strategy):
    return {t.metric: t for t in run.targets if t.scope == f"office: {strategy} at 10 orders on default"}


def values(run, strategy):
    return {metric: target.measured for metric, target in of(run, strategy).items()}


def verdicts(run, strategy):
    return {metric: target.met for metric, target in of(run, strategy).items()}


def test_the_fastest_strategy_is_meant_where_none_is_named(run):
    trips_ns = 11 * 20 * MS  # one to connect
    assert values(run, "serial") == {
        "response": trips_ns,
        "throughput": 10 * 1e9 / trips_ns,
        "errors": 0.0,
        "query": None,
    }
    assert verdicts(run, "serial") == {"response": True, "throughput": True, "errors": True, "query": None}


def test_a_failed_request_is_an_error_and_takes_time(run):
    assert values(run, "refused") == {
        "response": 240 * MS,
        "throughput": 10 * 1e9 / (240 * MS),
        "errors": 1 / 11,
        "query": None,
    }
    assert verdicts(run, "refused") == {"response": True, "throughput": False, "errors": False, "query": None}
    assert of(run, "refused")["errors"].basis == "1 of 11 requests and queries failed"


def test_queries_take_the_link_and_the_steps_of_the_database(run):
    found = of(run, "stored")["query"]
    assert 20 * MS < found.measured < 21 * MS
    assert (found.met, found.basis) == (True, "the slowest of 10 queries, virtual time")


def test_of_a_strategy_that_raised_errors_are_told_alone(run):
    assert verdicts(run, "raises") == {"response": None, "throughput": None, "errors": False, "query": None}
    assert of(run, "raises")["response"].basis == "failed: ValueError: no such order"


def test_missed_targets_are_problems_of_the_run(run):
    assert run.outcome is Outcome.FAIL
    missed = [t for t in run.targets if t.met is False]
    assert len(missed) == 5
    assert set(run.problems()) >= {t.problem() for t in missed}
    assert run.warnings[-1].startswith("5 of 16 targets not measured: query of office: serial at 10 orders")
    assert run.warnings[-1].endswith("; and 2 more")


def test_the_same_run_gives_the_same_targets(office, run):
    again = bench(
        [office], Plan(workers=1, sizes=(10,)), targets=profile(LIMITS, strategy="refused", size=10)
    )
    assert again.targets == [t for t in run.targets if "refused" in t.scope]


def test_without_any_value_the_run_is_no_pass(office):
    run = measured(office, profile(NEITHER, strategy="serial"), strategies=("serial",))
    assert [t.met for t in run.targets] == [None, None]
    assert run.outcome is Outcome.INCONCLUSIVE


def test_a_cell_that_options_leave_out_is_not_the_runs(office):
    run = measured(office, profile(LIMITS), sizes=(10,), strategies=("serial",))
    assert run.targets == []
    assert run.outcome is Outcome.PASS
    (warning,) = run.warnings
    assert warning == (
        "office: its targets are about the fastest strategy at 20 orders on default, so not checked in this "
        "run; --size 20 checks them"
    )


def test_a_size_that_a_run_does_not_measure_by_itself_is_named(office):
    run = bench(
        [office],
        Plan(clock="wall", workers=1, strategies=("serial",)),
        targets=profile({"response": 1e12}, strategy="serial", size=20),
    )
    (target,) = run.targets
    assert (target.met, run.outcome) == (None, Outcome.INCONCLUSIVE)
    assert target.scope == "office: serial at 20 orders on default"
    assert target.basis == (
        "this run measured 10 orders: add --size 20, or name another size in [tool.perfkit.targets]"
    )


def test_cpu_is_measured_in_wall_time(office):
    limits = {"cpu": 1e6, "response": 1e12}
    run = measured(office, profile(limits, strategy="serial", size=10), clock="wall", strategies=("serial",))
    cpu, response = run.targets[1], run.targets[0]
    if response.metric != "response":
        cpu, response = response, cpu
    cell = run.scenarios[0].cell("default", "serial", 10)
    assert response.measured == cell.samples[0].elapsed_ns
    assert cpu.measured == run.machine.costs[0].computing_ns / cell.samples[0].elapsed_ns
    assert run.outcome is Outcome.PASS


def test_memory_is_measured_in_a_process_of_its_own(office):
    pytest.importorskip("memray")
    run = measured(
        office,
        profile({"memory": HELD_BYTES / 2}, strategy="holding", size=10),
        sizes=(10,),
        strategies=("holding",),
    )
    (target,) = run.targets
    assert HELD_BYTES <= target.measured < HELD_BYTES * 1.1
    assert target.met is False
    assert target.basis == peaks.BASIS


def test_memory_needs_memray(office, monkeypatch):
    monkeypatch.setattr(peaks, "find_spec", lambda name: None)
    run = measured(office, profile({"memory": 1e9}, strategy="serial"), strategies=("serial",))
    (target,) = run.targets
    assert target.met is None
    assert "pip install 'perfkit[memory]'" in target.basis


def test_ctrl_c_while_memory_is_measured_keeps_the_rest(office, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(checking, "peak_of", interrupted)
    limits = {"response": 1e12, "memory": 1e9}
    run = measured(office, profile(limits, strategy="serial"), strategies=("serial",))
    assert {t.metric: t.met for t in run.targets} == {"response": True, "memory": None}
    assert run.interrupted
    assert run.outcome is Outcome.INCONCLUSIVE


def test_an_interrupted_run_does_not_know_the_fastest(office):
    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    named = [
        Wanted("office", {"response": 1e12}, size=20),
        Wanted("office", {"errors": 1.0}, "raises", size=10),
    ]
    run = bench([office], Plan(workers=1), targets=Profile({}, {"office": named}), progress=interrupt)
    assert run.targets[0].basis == "interrupted before it was measured"
    assert run.targets[0].scope == "office: the fastest strategy at 20 orders on default"


def test_a_target_of_what_is_not_there_is_refused_before_anything_is_measured(office):
    with pytest.raises(ConfigError, match="no strategy named 'serail'"):
        bench([office], Plan(), targets=profile(LIMITS, strategy="serail"), progress=pytest.fail)
