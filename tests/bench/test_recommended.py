"""The fastest right answer."""

import pytest

from perfkit.bench.recommended import by_prominence, pair, recommended, time_ns
from perfkit.model import Cell, Sample, ScenarioResult, StrategyInfo, WorldInfo

NAMES = ["slow", "fast", "faster", "wrong"]


def cell(strategy, elapsed_ns, **changes):
    return Cell("w", strategy, 10, samples=[Sample(1, elapsed_ns)], **changes)


def result(*cells, goal=None):
    infos = [StrategyInfo("slow", baseline=True), *map(StrategyInfo, NAMES[1:])]
    return ScenarioResult(
        "s", "", "", "", "", [10], [WorldInfo("w", "")], infos, list(cells), goal=goal or {}
    )


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ([cell("slow", 9), cell("fast", 5), cell("faster", 4)], "faster"),
        ([cell("slow", 9), cell("fast", 5), cell("wrong", 1, agrees=False)], "fast"),
        ([cell("slow", 9), cell("fast", 5), cell("wrong", 1, status="failed")], "fast"),
        ([cell("slow", 5), cell("fast", 5)], "slow"),
        ([cell("slow", 5), cell("fast", 7)], "slow"),
        ([cell("fast", 7)], "fast"),
        ([cell("slow", 5, status="timeout")], None),
        ([], None),
    ],
)
def test_the_fastest_right_one_is_recommended_and_the_first_of_equals(cells, name):
    found = recommended(result(*cells), "w", 10, NAMES)
    assert (found and found.strategy) == name


def test_only_those_asked_for_at_that_place_are_looked_at():
    measured = result(cell("slow", 9), cell("fast", 5), cell("faster", 4))
    assert recommended(measured, "w", 10, ["slow", "fast"]).strategy == "fast"
    assert recommended(measured, "w", 11, NAMES) is None
    assert recommended(measured, "x", 10, NAMES) is None


def test_the_scenarios_goal_decides():
    goal = {"card_ns": 1.0}
    measured = result(
        cell("slow", 1, figures={"card_ns": 8.0}), cell("fast", 9, figures={"card_ns": 3.0}), goal=goal
    )
    assert recommended(measured, "w", 10, NAMES).strategy == "fast"
    assert pair(measured).best.strategy == "fast"
    assert time_ns(measured, cell("fast", 9)) is None


@pytest.mark.parametrize(
    ("sizes", "order"),
    [([7], [7]), ([20, 200], [200, 20]), ([20, 2000, 200, 10_000], [2000, 10_000, 200, 20])],
)
def test_sizes_in_order(sizes, order):
    assert by_prominence(sizes) == order
