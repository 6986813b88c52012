import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.stats.growth import exponent


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 2.0])
def test_a_power_law_gives_its_exponent(slope):
    assert exponent([(n, 3 * n**slope) for n in (20, 200, 2000)]) == slope


def test_least_squares_between_points_that_lie_on_no_line():
    assert exponent([(1, 1), (10, 10), (100, 10)]) == 0.5


@pytest.mark.parametrize(
    "points", [[], [(10, 5)], [(10, 5), (10, 7)], [(10, 5), (100, 0)], [(0, 5), (10, 5)]]
)
def test_no_slope_without_two_sizes_that_cost_something(points):
    assert exponent(points) is None


@given(st.floats(0.1, 3), st.floats(1, 1e9), st.integers(2, 1000))
def test_the_unit_of_cost_does_not_matter(slope, unit, step):
    points = [(float(step**i), float(step**i) ** slope) for i in range(3)]
    assert exponent([(n, unit * cost) for n, cost in points]) == pytest.approx(exponent(points), abs=1e-6)
