import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Gate, Outcome, Target
from perfkit.model.target import METRICS, shown

from .sample import small_run

MET = Target("response", "shop", 100, 80)
MISSED = Target("throughput", "shop", 100, 80)
UNKNOWN = Target("cpu", "shop", 0.7)


def run_with(*targets, **changes):
    run = small_run()
    run.targets = list(targets)
    for name, value in changes.items():
        setattr(run, name, value)
    return run


@pytest.mark.parametrize(
    ("target", "met", "margin"),
    [
        (MET, True, 0.2),
        (Target("response", "shop", 100, 100), True, 0.0),
        (Target("response", "shop", 100, 150), False, -0.5),
        (MISSED, False, -0.2),
        (Target("throughput", "shop", 100, 150), True, 0.5),
        (Target("errors", "shop", 0, 0), True, None),
        (Target("errors", "shop", 0, 0.5), False, None),
        (UNKNOWN, None, None),
    ],
)
def test_met_and_margin(target, met, margin):
    assert target.met is met
    assert target.margin == (None if margin is None else pytest.approx(margin))


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (MISSED, "shop: throughput is 80/s, target at least 100/s: 20 % beyond it"),
        (Target("errors", "shop", 0, 0.5), "shop: errors is 50 %, target at most 0 %"),
        (
            Target("response", "shop", 100_000_000, 100_000_001),
            "shop: response is 100.000001 ms, target at most 100 ms: 0.000001 % beyond it",
        ),
        (
            Target("memory", "shop", 2e8, 3e9),
            "shop: memory is 3 GB, target at most 200 MB: 1,400 % beyond it",
        ),
    ],
)
def test_the_sentence_of_a_missed_one(target, sentence):
    assert target.problem() == sentence


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("response", 999_600_000, "1 s"),
        ("response", 0, "0 ns"),
        ("response", 59.94 * 60e9, "59.9 min"),
        ("response", 42_122.6 * 1e9, "11.7 h"),
        ("response", 1_500, "1.5 µs"),
        ("memory", 999, "999 B"),
        ("memory", 999_900, "1 MB"),
        ("throughput", 1_000_000, "1,000,000/s"),
        ("cpu", 3.5, "350 %"),
        ("errors", 0.00001234, "0.00123 %"),
    ],
)
def test_values_in_their_units(metric, value, text):
    assert shown(metric, value) == text


@given(
    st.sampled_from(METRICS),
    st.floats(1e-3, 1e15, allow_nan=False),
    st.floats(1e-9, 1.0),
)
def test_a_value_beside_its_limit_never_looks_like_it(metric, limit, apart):
    target = Target(metric, "x", limit, limit * (1 + apart))
    measured, bound = target.texts()
    assert measured != bound or target.measured == target.limit


def test_a_missed_target_fails_the_run_and_one_that_was_not_measured_does_not():
    assert run_with(MET, UNKNOWN).outcome is Outcome.PASS
    assert run_with(MET, MISSED).outcome is Outcome.FAIL
    assert run_with(MET, MISSED).problems() == [MISSED.problem()]


def test_a_run_none_of_whose_targets_was_measured_is_no_pass():
    assert run_with(UNKNOWN, UNKNOWN).outcome is Outcome.INCONCLUSIVE
    gate = Gate("perf-baselines", "this tree", compared=5)
    assert run_with(MET, kind="gate", gate=gate).outcome is Outcome.PASS
    assert run_with(UNKNOWN, kind="gate", gate=gate).outcome is Outcome.INCONCLUSIVE
    assert run_with(MISSED, kind="gate", gate=gate).outcome is Outcome.FAIL
