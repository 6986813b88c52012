import pytest

from perfkit.bench.tuning.axes import Axes, Axis, neighbours, with_value

LIMIT = Axis("limit", (1, 2, 5, 10, 20), 5, whole=True)
WINDOW = Axis("window_s", (0.1, 1.0, 10.0), 1.0, whole=False)
ZERO = Axis("pause_s", (0.0, 1.0), 0.0, whole=False)


@pytest.mark.parametrize(
    ("axis", "low", "high", "middle"),
    [
        (LIMIT, 5, 10, 7),
        (LIMIT, 5, 7, 6),
        (LIMIT, 5, 6, None),
        (LIMIT, 100, 109, None),  # closer than anybody can tell
        (WINDOW, 0.1, 1.0, 0.32),
        (WINDOW, 1.0, 1.2, None),
        (ZERO, 0.0, 1.0, 0.5),
    ],
)
def test_between(axis, low, high, middle):
    assert axis.between(low, high) == middle


@pytest.mark.parametrize(
    ("axis", "inner", "edge", "further"),
    [
        (LIMIT, 10, 20, 40),
        (LIMIT, 2, 20, 40),  # at most twice as far
        (LIMIT, 2, 1, None),
        (LIMIT, 4, 2, 1),
        (WINDOW, 1.0, 0.1, 0.05),
        (ZERO, 1.0, 0.0, None),
    ],
)
def test_beyond(axis, inner, edge, further):
    assert axis.beyond(inner, edge) == further


def test_ends_and_middles_come_first_and_what_is_near_the_best_next():
    axes = Axes([LIMIT, Axis("batch", (1, 50), 1, whole=True)])
    coarse = axes.coarse()
    assert coarse == [(1, 1), (1, 50), (20, 1), (20, 50), (5, 1), (5, 50)]
    near = axes.near((7, 50))  # between 5 and 10
    assert near[:4] == [(5, 50), (2, 50), (5, 1), (10, 50)]
    assert len(near) == len(set(near)) == 10


def test_settings_and_their_neighbours():
    axes = Axes([LIMIT, WINDOW])
    assert axes.default == (5, 1.0)
    assert axes.values(axes.setting((7, 0.5))) == (7, 0.5)
    assert with_value((7, 0.5), 0, 9) == (9, 0.5)
    assert axes.along(0, (7, 0.5), [(7, 0.5), (9, 0.5), (1, 0.5), (8, 1.0)]) == [1, 7, 9]
    assert neighbours(7, [1, 5, 7, 9]) == (5, 9)
    assert neighbours(1, [1]) == (None, None)
