"""The choice tried elsewhere: the best few on the largest size, the chosen one at all sizes and seeds."""

from __future__ import annotations

from perfkit.bench.tuning.axes import neighbours, with_value
from perfkit.bench.tuning.judging import best, is_candidate
from perfkit.bench.tuning.knee import bound_axis
from perfkit.bench.tuning.runs import Ask, Runs
from perfkit.bench.tuning.search import beside, ranked
from perfkit.bench.tuning.words import setting_shown
from perfkit.model.tuning import Point, Setting, Tuning

FEW = 3
"""Settings that are tried on the largest size."""

OTHER_SEEDS = 2

APART = 1.5
"""The few differ by more than this factor in one parameter at the least: else they would tell nothing new."""


def verify(runs: Runs, first: Point, tuning: Tuning) -> Point:
    """Choose by the largest size as well, and put what was measured into ``tuning.checks``."""
    size, seed = first.size, first.seed
    sizes = [n for n in runs.scenario.sizes if n != size and runs.strategy.runs(runs.world, n)]
    chosen = _by_largest(runs, first, sizes[-1], tuning) if sizes and sizes[-1] > size else first
    tuning.chosen = chosen.parameters
    values = runs.axes.values(chosen.parameters)
    runs.measure([Ask(other, "step", size, seed) for other in beside(runs, chosen)])
    places = [(other, seed) for other in sizes]
    places += [(size, seed + further) for further in range(1, OTHER_SEEDS + 1)]
    runs.measure([Ask(values, "check", *place) for place in places])
    tuning.checks = [runs.points[values, *place] for place in places if (values, *place) in runs.points]
    return chosen


def _by_largest(runs: Runs, first: Point, largest: int, tuning: Tuning) -> Point:
    """The best few at the largest size; the choice stays where none of them keeps the limits there."""
    few = [first, *_with_more(runs, first)]
    few = _few(few, ranked(runs.at(first.size, first.seed).values()))
    runs.measure([Ask(runs.axes.values(point.parameters), "check", largest, first.seed) for point in few])
    there = runs.at(largest, first.seed)
    found = best(there.values())
    if found is None or found.parameters == first.parameters:
        return first
    before = there.get(runs.axes.values(first.parameters))
    why = (
        "is better" if before is not None and is_candidate(before) else "keeps the limits, which it does not,"
    )
    tuning.warnings.append(
        f"at {first.size:,} {tuning.unit} {setting_shown(first.parameters)} is the best; "
        f"{setting_shown(found.parameters)} {why} at {largest:,} and was chosen"
    )
    return runs.at(first.size, first.seed)[runs.axes.values(found.parameters)]


def _with_more(runs: Runs, first: Point) -> list[Point]:
    """The same with a step more in flight: at a larger size the choice may be just too little."""
    number = bound_axis(runs, first.size, first.seed)
    values = runs.axes.values(first.parameters)
    higher = neighbours(values[number], runs.axes.axes[number].values)[1] if number is not None else None
    if number is None or higher is None:
        return []
    more = with_value(values, number, higher)
    runs.measure([Ask(more, "step", first.size, first.seed)])
    point = runs.at(first.size, first.seed).get(more)
    return [point] if point is not None and is_candidate(point) else []


def _few(sure: list[Point], points: list[Point]) -> list[Point]:
    """Those, and the next best that differ enough from all of them."""
    found = list(sure)
    for point in points:
        if all(_differ(point.parameters, other.parameters) for other in found):
            found.append(point)
    return found[:FEW]


def _differ(one: Setting, other: Setting) -> bool:
    pairs = [sorted((value, other[name])) for name, value in one.items()]
    return any(high > low * APART if low > 0 else high != low for low, high in pairs)
