"""From where on more in flight gains nothing: Little's law beside the measured curve."""

from __future__ import annotations

from perfkit.bench.demand import Load
from perfkit.bench.tuning.axes import Values, with_value
from perfkit.bench.tuning.judging import is_candidate
from perfkit.bench.tuning.runs import Runs
from perfkit.model.tuning import Knee, Point

FULL = 0.9
"""In flight for this share of the bound and more, in the mean: the bound is what holds the work back."""

FLAT = 0.05
"""A curve is flat where it stays within five per cent of its best."""


def bound_axis(runs: Runs, size: int, seed: int) -> int | None:
    """Number of the parameter that bounds what is in flight, told by the peaks that were measured.

    No peak is above it, and some peaks reach it, at two of its values at the least.
    """
    measured = [
        (values, p.figures["peak_in_flight"])
        for values, p in runs.at(size, seed).items()
        if p.goal is not None
    ]
    for number, axis in enumerate(runs.axes):
        reached = {values[number] for values, peak in measured if peak == values[number]}
        if axis.whole and len(reached) > 1 and all(peak <= values[number] for values, peak in measured):
            return number
    return None


def knee_of(runs: Runs, chosen: Point) -> Knee | None:
    """The knee along the parameter that bounds what is in flight, the others as chosen; None without one."""
    number = bound_axis(runs, chosen.size, chosen.seed)
    if number is None:
        return None
    values, measured = runs.axes.values(chosen.parameters), runs.at(chosen.size, chosen.seed)
    along = [with_value(values, number, v) for v in runs.axes.along(number, values, measured)]
    along = [setting for setting in along if is_candidate(measured[setting]) and setting in runs.loads]
    if not along:
        return None
    name, flat = runs.axes.axes[number].name, _flat_from(along, measured, number)
    most, loads = along[-1][number], [runs.loads[setting] for setting in along]
    peak = loads[-1].busiest
    if peak.in_flight < FULL * most:
        return Knee(name, peak.unit, "offered", peak.rate_per_s, peak.cost_ns, most, flat)
    return Knee(name, peak.unit, "served", *_served(loads), most, flat)


def _served(loads: list[Load]) -> tuple[float, float]:
    """The highest rate that the service gave, and what an operation takes that waits for no other."""
    return max(load.full.rate_per_s for load in loads), min(load.full.cost_ns for load in loads)


def _flat_from(along: list[Values], measured: dict[Values, Point], number: int) -> float | None:
    """The smallest value from which on the goal stays near its best; None where only the last one does."""
    goals = [(setting[number], measured[setting].goal) for setting in along]
    known = [(value, goal) for value, goal in goals if goal is not None]
    if len(known) < 2:
        return None
    least = min(goal for _, goal in known)
    flat = known[-1][0]
    for value, goal in reversed(known):
        if goal > least + FLAT * abs(least):
            break
        flat = value
    return flat if flat != known[-1][0] else None
