"""Against closed forms (one and two degrees of freedom), published tables, and itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.stats.student import cdf, quantile

PROBABILITIES = st.floats(1e-9, 1 - 1e-9)
DEGREES = st.floats(0.5, 500)


@given(st.floats(-1e4, 1e4))
def test_one_and_two_degrees_of_freedom_have_closed_forms(t):
    assert cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-12)
    assert cdf(t, 2) == pytest.approx(0.5 + t / (2 * math.sqrt(2 + t * t)), abs=1e-12)


@given(st.floats(1e-6, 1 - 1e-6))
def test_quantiles_have_closed_forms_too(p):
    assert quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-9, abs=1e-9)
    assert quantile(p, 2) == pytest.approx((2 * p - 1) / math.sqrt(2 * p * (1 - p)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("p", "df", "value"),
    [
        (0.975, 4, 2.7764451051977987),
        (0.975, 10, 2.2281388519649385),
        (0.995, 24, 2.796939504772804),
        (0.999, 4, 7.173182219782307),
        (0.95, 7, 1.894578605061305),
    ],
)
def test_quantiles_of_the_tables(p, df, value):
    assert quantile(p, df) == pytest.approx(value, rel=1e-9)
    assert quantile(1 - p, df) == pytest.approx(-value, rel=1e-9)


def test_many_degrees_of_freedom_come_to_the_normal_distribution():
    assert quantile(0.975, 1e7) == pytest.approx(1.959963984540054, rel=1e-6)


@given(PROBABILITIES, DEGREES)
def test_a_quantile_has_its_probability_below_it(p, df):
    assert cdf(quantile(p, df), df) == pytest.approx(p, rel=1e-7, abs=1e-12)


@given(st.floats(-50, 50), st.floats(0.001, 5), DEGREES)
def test_the_distribution_function_rises_and_is_symmetric(t, more, df):
    assert cdf(t + more, df) >= cdf(t, df)
    assert cdf(t, df) + cdf(-t, df) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("p", [0, 1, -0.1, 1.5])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(p, 5)


def test_degrees_of_freedom_are_positive():
    with pytest.raises(ValueError, match="must be positive, not 0"):
        cdf(1.0, 0)
