import pytest

from perfkit.report.axis import axis_for

S = 1_000_000_000


def test_a_linear_axis_starts_at_zero():
    axis = axis_for([2 * S, 10 * S])
    assert not axis.log
    assert [axis.percent(ns) for ns in (0, 5 * S, 10 * S, 20 * S)] == [0, 50, 100, 100]
    assert axis.ticks() == [(0, "0"), (20, "2 s"), (40, "4 s"), (60, "6 s"), (80, "8 s"), (100, "10 s")]


def test_beyond_a_range_of_twenty_the_axis_is_logarithmic():
    assert not axis_for([S, 20 * S]).log
    axis = axis_for([S, 21 * S])
    assert axis.log
    assert 0 < axis.percent(S) < axis.percent(21 * S) == 100
    assert [label for _, label in axis.ticks()] == ["100 ms", "1 s", "10 s"]


def test_a_shared_time_axis_is_never_logarithmic():
    assert not axis_for([1, 10**12], allow_log=False).log


@pytest.mark.parametrize("times", [[], [0], [0, 0]])
def test_nothing_to_draw_is_no_error(times):
    assert axis_for(times).percent(0) == 0
