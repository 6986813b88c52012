import pytest

from perfkit.model import (
    Cell,
    Environment,
    Machine,
    Outcome,
    Prediction,
    Run,
    Sample,
    ScenarioResult,
    StrategyInfo,
)

from .sample import small_run


def test_the_median_of_an_even_number_is_a_value_that_occurred():
    cell = Cell("w", "s", 1, samples=[Sample(n, value) for n, value in enumerate([40, 10, 30, 20])])
    assert cell.elapsed_ns == 20
    assert Cell("w", "s", 1).elapsed_ns is None


@pytest.mark.parametrize(
    ("predicted", "measured", "error"), [(110, 100, 0.1), (50, 100, -0.5), (0, 0, 0.0), (5, 0, float("inf"))]
)
def test_error_of_a_prediction(predicted, measured, error):
    prediction = Prediction("w", 1, "PK102", "a", "b", predicted, measured, "")
    assert prediction.error == pytest.approx(error)


def test_a_whole_run_passes():
    assert small_run().outcome is Outcome.PASS
    assert small_run().outcome.exit_code == 0


@pytest.mark.parametrize(("field", "value"), [("status", "failed"), ("status", "timeout"), ("agrees", False)])
def test_a_cell_that_went_wrong_fails_the_run(field, value):
    run = small_run()
    setattr(run.scenarios[0].cells[1], field, value)
    assert run.outcome is Outcome.FAIL
    assert "batched at 20 leads on own" in run.problems()[0]


def test_one_way_to_go_wrong_is_one_problem():
    run = small_run()
    first = run.scenarios[0].cells[1]
    first.status, first.error = "failed", "boom"
    second = Cell("own", "batched", 200, status="failed", error="boom")
    run.scenarios[0].cells.append(second)
    assert run.problems() == ["leads: batched at 20 leads on own and 1 more cell failed: boom"]


def test_a_declared_flaw_does_not_fail_the_run():
    run = small_run()
    run.scenarios[0].strategies[1] = StrategyInfo("batched", flaw="drops the filter")
    run.scenarios[0].cells[1].agrees = False
    assert run.outcome is Outcome.PASS


def test_nothing_measured_is_no_pass():
    environment = Environment("3", "CPython", "Linux", "x", 1)
    run = Run("bench", "virtual", 1, Machine("", environment))
    run.scenarios.append(ScenarioResult("s", "s", "", "", "items", [1], [], []))
    assert run.outcome is Outcome.INCONCLUSIVE
    assert run.outcome.exit_code == 3


def test_an_interrupted_run_is_inconclusive():
    run = small_run()
    run.interrupted = True
    assert run.outcome is Outcome.INCONCLUSIVE


def test_look_ups():
    result = small_run().scenarios[0]
    assert result.baseline("").name == "serial"
    assert result.baseline("other") is None
    assert result.cell("own", "batched", 20).elapsed_ns == 1_000
    assert result.cell("own", "batched", 21) is None
    with pytest.raises(KeyError):
        result.strategy("nobody")
