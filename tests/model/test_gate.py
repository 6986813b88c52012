"""What the gate's result comes to."""

import pytest

from perfkit.model import Change, Difference, Gate, Machine, Outcome, Run, Timing, Verdict
from perfkit.model.run import Environment


def difference(change):
    return Difference("leads", "own/serial", change, "request", says="+1 GET /x at app.py:3 (n=20)")


def run_of(gate, **more):
    machine = Machine("2026-11-22T00:00:00+00:00", Environment("3.11", "CPython", "Linux", "x86_64", 2))
    return Run(kind="gate", clock="virtual", seed=1, machine=machine, gate=gate, **more)


def test_a_gate_that_compared_nothing_is_no_pass():
    assert Gate().outcome is Outcome.INCONCLUSIVE
    assert run_of(Gate()).outcome is Outcome.INCONCLUSIVE


def test_lines_that_were_all_true_pass():
    assert Gate(compared=3).outcome is Outcome.PASS
    assert run_of(Gate(compared=3)).outcome is Outcome.PASS


@pytest.mark.parametrize("change", [change for change in Change if change.stops])
def test_a_line_that_is_no_longer_true_stops(change):
    gate = Gate(compared=3, differences=[difference(change)])
    assert gate.outcome is Outcome.FAIL
    assert run_of(gate).problems() == ["+1 GET /x at app.py:3 (n=20)"]


@pytest.mark.parametrize("change", [Change.INPUTS, Change.MISSING])
def test_what_cannot_be_compared_is_no_pass_and_no_failure(change):
    assert Gate(compared=3, differences=[difference(change)]).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.REGRESSED, Outcome.FAIL),
        (Verdict.INCONCLUSIVE, Outcome.INCONCLUSIVE),
        (Verdict.IMPROVED, Outcome.PASS),
        (Verdict.NO_CHANGE, Outcome.PASS),
    ],
)
def test_each_verdict_of_a_benchmark(verdict, outcome):
    assert Gate(timings=[Timing("parse", verdict)]).outcome is outcome


def test_a_slower_benchmark_says_by_how_much():
    slower = Timing("parse", Verdict.REGRESSED, ratio=1.052, low=1.031, high=1.08, pairs=8)
    assert Gate(timings=[slower]).stopping() == ["parse: +5.2 % (+3.1 % to +8.0 %), 8 pairs"]


def test_a_problem_or_an_interruption_keeps_it_from_passing():
    assert Gate(compared=3, problems=["one benchmark is not in the base"]).outcome is Outcome.INCONCLUSIVE
    assert run_of(Gate(compared=3), interrupted=True).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("change", [Change.BETTER, Change.NEW, Change.VANISHED])
def test_two_stored_runs_have_no_baseline_that_must_be_kept_true(change):
    assert Gate(compared=3, differences=[difference(change)], strict=False).outcome is Outcome.PASS
    worse = [difference(change), difference(Change.WORSE)]
    assert Gate(compared=3, differences=worse, strict=False).outcome is Outcome.FAIL


def test_unpaired_runs_have_no_pairs_to_tell_of():
    slower = Timing("parse", Verdict.REGRESSED, ratio=1.2, method="unpaired")
    assert Gate(timings=[slower]).stopping() == ["parse: +20.0 %"]
