"""Tuning scenarios whose best setting is known: the choice, the knee and the points are exact."""

from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.tuning.runs import Budget
from perfkit.bench.tuning.tuner import TunePlan, tune
from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import Knee, Outcome
from perfkit.model.storage import decode_run, encode_run

pytestmark = pytest.mark.once


FILE = Path(__file__).parent / "jobs.py"
SCENARIOS = {scenario.name: scenario for scenario in load_file(FILE)}


def tuned(name, **plan):
    return tune(SCENARIOS[name], TunePlan(**({"workers": 1} | plan)))


@pytest.fixture(scope="module")
def workers():
    return tuned("workers")


@pytest.fixture(scope="module")
def calls():
    return tuned("calls")


def test_the_knee_of_six_workers_is_six(workers):
    (tuning,) = workers.tunings
    assert tuning.chosen == {"limit": 6}
    assert tuning.knee == Knee("limit", "request", "served", 60.0, 100_000_000.0, 20, 6)
    assert tuning.knee.needed == 6
    goals = {point.parameters["limit"]: point.goal / 1e9 for point in tuning.points}
    assert goals == {1: 12.0, 2: 6.0, 5: 2.4, 6: 2.0, 7: 2.0, 10: 2.0, 20: 2.0}
    assert workers.outcome is Outcome.PASS


def test_what_a_step_off_costs(workers):
    lower, higher = workers.tunings[0].steps
    assert (lower.parameter, lower.value, round(lower.change, 3)) == ("limit", 5, 0.2)
    assert (higher.parameter, higher.value, higher.change) == ("limit", 10, 0)


def test_the_choice_is_tried_elsewhere(workers):
    checks = workers.tunings[0].checks
    assert [(point.size, point.seed, point.goal) for point in checks] == [
        (60, 1, 1e9),
        (120, 2, 2e9),
        (120, 3, 2e9),
    ]


def test_the_sentences_say_it(workers):
    said = "\n".join(workers.tunings[0].sentences)
    assert "limit 6: elapsed_ns 2 s, the least of 7 settings." in said
    assert "As declared (limit 2) it is 6 s (3 times that)." in said
    assert "The baseline, serial, is 12 s (6 times that)." in said
    assert "60 requests/s x 100 ms = 6 in flight" in said
    assert "flat from limit 6" in said
    assert "One step off: limit 5 gives 2.4 s (+20 %)." in said
    assert "One step off: limit 10 gives 2 s (as good)." in said


def test_of_work_that_arrives_by_itself_the_law_takes_the_rate_of_arrival(calls):
    (tuning,) = calls.tunings
    assert tuning.chosen == {"batch": 1, "in_flight": 3, "window_s": 0.2}
    assert (tuning.knee.parameter, tuning.knee.demand, tuning.knee.flat_from) == ("in_flight", "offered", 3)
    assert tuning.knee.needed == pytest.approx(10 * 0.21, rel=0.001)  # 10 calls a second, 210 ms each
    assert tuning.point(tuning.chosen).figures["delay_p50_ns"] == 210_000_000


@pytest.mark.once
def test_the_result_is_the_same_for_any_number_of_workers(calls):
    assert tuned("calls", workers=2).tunings == calls.tunings


def test_a_run_is_stored_and_read_again(calls):
    assert decode_run(encode_run(calls)).tunings == calls.tunings


def test_a_setting_that_is_refused_is_not_chosen_and_where_it_begins_is_said():
    (tuning,) = tuned("refused").tunings
    assert tuning.chosen == {"limit": 8}
    assert "A limit is broken from limit 9 up: status_503 is 40, 0 at most." in tuning.sentences
    assert any(
        sentence.startswith("The service was never full: up to limit 8") for sentence in tuning.sentences
    )


def test_no_setting_keeps_the_limits():
    run = tuned("refused", strategies=("greedy",))
    assert run.outcome is Outcome.FAIL
    assert run.tunings[0].chosen is None
    assert (
        "no setting of greedy on default keeps the limits (2 measured); most often: status_503"
        in run.problems()[0]
    )


def test_a_different_answer_is_no_candidate():
    (tuning,) = tuned("forgetful").tunings
    assert tuning.point({"batch": 1}).broken == ["another answer than the baseline's (PK501)"]
    assert tuning.chosen == {"batch": 3}
    assert "batch 2 goes wrong" not in tuning.sentences


def test_a_value_outside_the_declared_ones_is_said():
    (tuning,) = tuned("outside").tunings
    assert tuning.chosen == {"pause_s": 0.12}
    said = "pause_s 0.12 lies outside the declared 1 to 2: the goal still fell at their end."
    assert said in tuning.sentences
    assert "0.12 to" not in said
    assert "No knee: none of pause_s bounds how many operations are in flight." in tuning.sentences


def test_the_runs_of_the_budget():
    (tuning,) = tuned("calls", runs=12).tunings
    assert len([point for point in tuning.points if point.stage != "check"]) <= 12
    assert tuning.stopped == "the 12 runs of the budget were used up; raise --runs"
    assert "8 of 36 combinations of the declared values were measured" in tuning.warnings
    assert tuning.chosen is not None


def test_the_time_of_the_budget():
    now_s = [100.0]
    budget = Budget(10, 60.0, clock=lambda: now_s[0])
    budget.allow(0.5)
    now_s[0] = 129.0
    assert budget.check_time()
    now_s[0] = 130.0
    assert (budget.check_time(), budget.left_s()) == (False, 0.0)
    assert budget.stopped.startswith("the 60 s of the budget were used up: another machine may get further")
    budget.allow(0.5)
    assert budget.until_s == 145.0


def test_when_time_is_up_what_was_measured_is_judged(monkeypatch):
    asked = []
    monkeypatch.setattr(Budget, "check_time", lambda self: asked.append(1) or len(asked) < 6)
    (tuning,) = tuned("workers").tunings
    assert 0 < len(tuning.points) < 7
    assert tuning.chosen is not None
    assert tuning.checks == []


@pytest.mark.once
def test_what_is_under_way_when_time_is_up_is_given_up():
    (tuning,) = tuned("endless", budget_s=4.0).tunings
    assert [(point.parameters, point.broken) for point in tuning.points] == [({"limit": 1}, [])]
    assert "the 4 s of the budget were used up" in tuning.stopped
    assert tuning.chosen == {"limit": 1}


def test_interrupted_it_keeps_what_was_measured(monkeypatch):
    done = []

    def interrupt(self):
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("perfkit.bench.tuning.tuner._Told.__call__", interrupt)
    run = tuned("workers")
    assert run.interrupted
    assert run.outcome is Outcome.INCONCLUSIVE
    assert run.tunings[0].stopped == "interrupted"
    assert 0 < len(run.tunings[0].points) < 7
    assert run.tunings[0].chosen is not None


def test_the_largest_size_has_a_say():
    (tuning,) = tuned("grows", size=2).tunings
    assert tuning.chosen == {"limit": 4}
    assert tuning.warnings == [
        "at 2 items limit 1 is the best; limit 4 keeps the limits, which it does not, at 8 and was chosen"
    ]


def test_what_is_just_enough_for_few_is_tried_with_more_in_flight():
    (tuning,) = tuned("rush").tunings
    assert tuning.chosen == {"in_flight": 4}
    assert tuning.warnings == [
        "at 50 calls in_flight 2 is the best; in_flight 4 is better at 100 and was chosen"
    ]
    assert [(p.size, p.goal) for p in tuning.checks[:1]] == [(100, 210_000_000)]


@pytest.mark.parametrize(
    ("name", "plan", "error", "says"),
    [
        ("plain", {}, UsageError, "has no strategy with parameters; declare some: @scenario.strategy(tune="),
        (
            "workers",
            {"strategies": ("serial",)},
            UsageError,
            "serial has no parameters.*or name one of bounded",
        ),
        ("workers", {"strategies": ("bouned",)}, UnknownNameError, "Did you mean 'bounded'"),
        ("workers", {"world": "moon"}, UnknownNameError, "no world named 'moon'"),
        ("workers", {"size": 61}, UnknownNameError, "no size named '61'"),
        ("workers", {"runs": 1}, UsageError, "runs must be 2 or more, not 1"),
        ("workers", {"workers": -1}, UsageError, "workers must be 0"),
    ],
)
def test_what_cannot_be_tuned(name, plan, error, says):
    with pytest.raises(error, match=says.replace("(", r"\(")):
        tuned(name, **plan)
