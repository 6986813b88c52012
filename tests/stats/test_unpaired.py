"""Intervals of two runs made apart, against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Verdict
from perfkit.stats import unpaired
from perfkit.stats.unpaired import Interval, single, spread, welch

times = st.lists(st.floats(1, 2), min_size=2, max_size=12)


def test_the_interval_of_equal_sides_is_students():
    """Ten processes a side, equal variances: 18 degrees of freedom, t(.995) = 2.878440."""
    base = [math.exp(0.01 * k) for k in range(-5, 6) if k]
    head = [1.1 * value for value in base]
    found = welch(base, head)
    variance = sum((0.01 * k) ** 2 for k in range(-5, 6)) / 9
    half = 2.878440 * math.sqrt(2 * variance / 10)
    assert found.ratio == pytest.approx(1.1)
    assert math.log(found.high / 1.1) == pytest.approx(half, rel=1e-5)
    assert found.noise == pytest.approx(math.exp(half) - 1, rel=1e-5)


def test_the_side_that_varies_decides_the_degrees_of_freedom():
    """One side without variance: Welch's formula leaves n - 1 of the other, t(.995; 4) = 4.604095."""
    head = [math.exp(0.01 * k) for k in (-2, -1, 0, 1, 2)]
    found = welch([1.0] * 40, head)
    assert math.log(found.high) == pytest.approx(4.604095 * math.sqrt(2.5e-4 / 5), rel=1e-5)


def test_without_any_variance_the_interval_is_a_point():
    found = welch([2.0, 2.0], [3.0, 3.0])
    assert found.low == pytest.approx(found.high) == pytest.approx(1.5)
    assert found.noise == 0
    assert found.detectable == pytest.approx(math.exp(unpaired.MARGIN) - 1)


@given(times, times)
def test_turned_round_it_is_the_inverse(base, head):
    there, back = welch(base, head), welch(head, base)
    assert there.low <= there.ratio <= there.high
    assert there.ratio * back.ratio == pytest.approx(1)
    assert there.low * back.high == pytest.approx(1)


@given(times, times)
def test_the_unit_does_not_matter(base, head):
    there, scaled = welch(base, head), welch([1e6 * x for x in base], [1e6 * x for x in head])
    assert scaled.low == pytest.approx(there.low)
    assert scaled.detectable == pytest.approx(there.detectable)


@given(times, times)
def test_a_higher_level_is_wider(base, head):
    narrow, wide = welch(base, head, level=0.9), welch(base, head, level=0.999)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.051, 1.2, Verdict.REGRESSED),
        (1.049, 1.2, Verdict.INCONCLUSIVE),
        (0.8, 0.952, Verdict.IMPROVED),
        (0.8, 0.953, Verdict.INCONCLUSIVE),
        (0.953, 1.049, Verdict.NO_CHANGE),
        (0.953, 1.051, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts_keep_the_margin(low, high, verdict):
    assert Interval(1.0, low, high, 0.99, 0.0, 0.0).verdict is verdict


def test_one_process_a_side_shows_large_changes_only():
    assert single(1.16, 1.16) is Verdict.REGRESSED
    assert single(1.14, 2.0) is Verdict.INCONCLUSIVE
    assert single(2.0, 1.14) is Verdict.INCONCLUSIVE
    assert single(0.8, 0.86) is Verdict.IMPROVED
    assert single(0.8, 0.88) is Verdict.INCONCLUSIVE
    assert single(1.0, 1.0) is Verdict.INCONCLUSIVE


def test_spread_is_the_deviation_of_logarithms():
    assert spread([math.exp(-0.1), 1.0, math.exp(0.1)]) == pytest.approx(0.1)


def test_an_interval_needs_two_processes_and_positive_times():
    with pytest.raises(ValueError, match="two processes"):
        welch([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"math domain error|positive"):
        welch([1.0, 0.0], [1.0, 2.0])
