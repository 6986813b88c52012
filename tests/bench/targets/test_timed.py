"""Targets of benchmarks beside the times of the head."""

import pytest

from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.bench.targets.timed import enter_timed
from perfkit.model import Environment, Gate, Machine, Outcome, Run, Timing, Verdict

NAME = "tests/bench.py::test_page"
MS = 1_000_000


def timing(**changes):
    fields = {"ratio": 1.0, "pairs": 8, "base_ns": 90 * MS, "head_ns": 80 * MS} | changes
    return Timing(fields.pop("name", NAME), fields.pop("verdict", Verdict.NO_CHANGE), **fields)


def checked(limits, *timings, name=NAME):
    machine = Machine("", Environment("3.11", "CPython", "Linux", "x86_64", 2))
    run = Run("gate", "wall", 1, machine, gate=Gate("main", "this tree", timings=list(timings)))
    enter_timed(run, Profile({"errors": 0.1}, {name: [Wanted(name, limits)], "shop": [Wanted("shop", {})]}))
    return run


@pytest.mark.parametrize(
    ("limits", "outcome", "measured", "basis"),
    [
        ({"response": 100 * MS}, Outcome.PASS, 80 * MS, "median of 8 pairs, wall time of this machine"),
        ({"response": 79 * MS}, Outcome.FAIL, 80 * MS, "median of 8 pairs, wall time of this machine"),
        (
            {"throughput": 12},
            Outcome.PASS,
            12.5,
            "one call after another; median of 8 pairs, wall time of this machine",
        ),
    ],
)
def test_the_head_is_measured(limits, outcome, measured, basis):
    run = checked(limits, timing())
    (target,) = run.targets
    assert (target.scope, target.measured, target.basis) == (NAME, measured, basis)
    assert (run.outcome, run.warnings) == (outcome, [])


def test_unpaired_runs_say_so():
    assert checked({"response": 1e9}, timing(pairs=0)).targets[0].basis.startswith("median of unpaired runs")


def test_what_was_not_timed_has_no_value():
    run = checked({"response": 1e9}, timing(head_ns=None, reason="only in the base"))
    assert (run.targets[0].met, run.targets[0].basis) == (None, "only in the base")
    assert run.outcome is Outcome.INCONCLUSIVE


def test_a_benchmark_that_this_command_did_not_time_is_named():
    run = checked({"response": 1e9}, timing(), name="tests/bench.py::test_pgae")
    assert run.targets == []
    assert run.outcome is Outcome.PASS
    (warning,) = run.warnings
    assert warning == (
        "[tool.perfkit.targets]: not checked in this run, which timed no benchmark named "
        f"'tests/bench.py::test_pgae'. Did you mean '{NAME}'? Known: {NAME}"
    )
