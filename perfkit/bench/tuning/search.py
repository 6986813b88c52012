"""The search: the declared values, then between and beyond those around the best, then a step to each side.

Decisions are made only when all points of a round are there, so that the number of workers changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from perfkit.bench.tuning.axes import Values, neighbours, with_value
from perfkit.bench.tuning.judging import TOLERANCE, best, is_candidate
from perfkit.bench.tuning.runs import Ask, Runs
from perfkit.model.tuning import Point

GRID_SHARE = 0.6
"""Of the runs of the budget for the declared values; the rest refines."""

MAX_ROUNDS = 8
"""A range of 1 to 20 is down to neighbouring whole numbers after four."""

OUTSIDE_STEPS = 3
"""How often a search goes beyond the last value of a parameter, on either side."""


def search(runs: Runs, size: int, seed: int, most: int) -> Point | None:
    """The best point, or None if no setting keeps the limits. ``most`` is how many runs it may use."""
    chosen = _grid(runs, size, seed, max(1, round(most * GRID_SHARE)))
    for _ in range(MAX_ROUNDS):
        if chosen is None:
            return None
        measured = runs.at(size, seed)
        asked = [Ask(values, stage, size, seed) for values, stage in around(runs, chosen, measured)]
        asked = asked or [Ask(values, "step", size, seed) for values in beside(runs, chosen)]
        if all(ask.values in measured for ask in asked):
            break
        runs.measure(asked)
        chosen = best(runs.at(size, seed).values())
    return chosen


def _grid(runs: Runs, size: int, seed: int, most: int) -> Point | None:
    """The strategy as declared, the declared values coarsely, and then those near the best of these."""
    axes = runs.axes
    coarse = [Ask(values, "grid", size, seed) for values in axes.coarse()[:most]]
    runs.measure([Ask(axes.default, "default", size, seed), *coarse])
    found = runs.at(size, seed)
    nearest = best(found.values()) or min(found.values(), key=_goal, default=None)
    if nearest is not None:
        near = [v for v in axes.near(axes.values(nearest.parameters)) if v not in found]
        runs.measure([Ask(values, "grid", size, seed) for values in near[: most - len(coarse)]])
    return best(runs.at(size, seed).values())


def _goal(point: Point) -> float:
    return math.inf if point.goal is None else point.goal


def around(runs: Runs, chosen: Point, measured: Mapping[Values, Point]) -> Iterator[tuple[Values, str]]:
    """Settings between the chosen one and those beside it on each axis; beyond an end that still falls."""
    values = runs.axes.values(chosen.parameters)
    for number, axis in enumerate(runs.axes):
        along = runs.axes.along(number, values, measured)
        here = values[number]
        lower, higher = neighbours(here, along)
        for side, other in ((lower, higher), (higher, lower)):
            if side is not None:
                flat = _as_good(measured[with_value(values, number, side)], chosen)
                value = None if flat else axis.between(min(here, side), max(here, side))
            else:
                value = _outside(runs, number, other, values, measured)
            if value is not None:
                yield with_value(values, number, value), "outside" if side is None else "refined"


def _as_good(point: Point, chosen: Point) -> bool:
    """Whether there is nothing to be found between the two: both keep the limits and give the same."""
    if point.goal is None or chosen.goal is None or not is_candidate(point):
        return False
    return abs(point.goal - chosen.goal) <= TOLERANCE * abs(chosen.goal)


def _outside(
    runs: Runs, number: int, inner: float | None, values: Values, measured: Mapping[Values, Point]
) -> float | None:
    """The next value beyond an end, if the way there from the inner neighbour made the goal smaller."""
    axis = runs.axes.axes[number]
    if inner is None:
        return None
    at_end, before = measured[values], measured[with_value(values, number, inner)]
    along = runs.axes.along(number, values, measured)
    past = [v for v in along if measured[with_value(values, number, v)].stage == "outside"]
    if len(past) >= OUTSIDE_STEPS or at_end.goal is None or before.goal is None:
        return None
    falls = before.goal - at_end.goal > TOLERANCE * abs(before.goal)
    return axis.beyond(inner, values[number]) if falls and is_candidate(at_end) else None


def beside(runs: Runs, chosen: Point) -> Iterator[Values]:
    """The setting with one parameter at the next declared value, lower and higher."""
    values = runs.axes.values(chosen.parameters)
    for number, axis in enumerate(runs.axes):
        for value in neighbours(values[number], axis.values):
            if value is not None:
                yield with_value(values, number, value)


def ranked(points: Iterable[Point]) -> list[Point]:
    """All candidates, the best first: each is what ``best`` would choose without those before it."""
    left = [point for point in points if is_candidate(point)]
    ordered = []
    while (first := best(left)) is not None:
        ordered.append(first)
        left.remove(first)
    return ordered
