import pytest

from perfkit.report.drawing.scale import Scale


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(1, 1_000_000_000, "log"), [1, 100, 10_000, 1_000_000, 100_000_000]),
        (Scale(150, 30_000, "log"), [1_000, 10_000]),
        (Scale(2, 9, "log"), [2, 5]),
        (Scale(0, 0.5, "symlog"), [0]),
        (Scale(0, 5_000, "symlog"), [0, 1, 10, 100, 1_000]),
        (Scale(0, 170, "linear"), [0, 50, 100, 150]),
        (Scale(0, 9, "linear"), [0, 2, 4, 6, 8]),
    ],
)
def test_ticks_are_few_and_round(scale, ticks):
    assert scale.ticks() == pytest.approx(ticks)


def test_values_beyond_a_scale_stay_on_it():
    scale = Scale(1, 100, "log")
    assert [scale.share(value) for value in (0, 1, 10, 100, 1000)] == [0, 0, 0.5, 1, 1]
    assert Scale(7, 7, "log").share(7) == 0
