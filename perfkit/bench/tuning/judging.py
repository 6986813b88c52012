"""A measured cell as a point of the search: what is made small, what the limits say, which point is best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfkit.bench.tuning.words import shown
from perfkit.model import Cell
from perfkit.model.tuning import Point, Setting

TOLERANCE = 0.01
"""Settings within one per cent of the best are as good; of those the gentlest is chosen."""

WITHOUT_UNIT = frozenset({"peak_in_flight", "request", "connect", "query"})


def metrics(cell: Cell) -> dict[str, float]:
    """All figures of a cell by name: its counters, its own figures, and what every cell has."""
    known: dict[str, float] = {**cell.counters, **cell.figures}
    if cell.elapsed_ns is not None:
        known["elapsed_ns"] = cell.elapsed_ns
    return known | {"peak_in_flight": cell.peak_in_flight, "waiting_ns": cell.waiting_ns}


def judge(
    cell: Cell,
    *,
    parameters: Setting,
    stage: str,
    seed: int,
    goal: Mapping[str, float],
    limits: Mapping[str, float],
) -> Point:
    """The point: its goal, and every reason why it is no candidate. A counter that is not there is 0."""
    known = metrics(cell)
    missing = [name for name in goal if name not in known and not _is_counter(name)]
    broken = _went_wrong(cell)
    broken += [] if broken else [f"it measures no figure {name!r}" for name in missing]
    broken += [
        f"{name} is {shown(name, known.get(name, 0))}, {shown(name, most)} at most"
        for name, most in limits.items()
        if known.get(name, 0) > most
    ]
    total = None
    if cell.status == "ok" and not missing:
        total = sum(weight * known.get(name, 0) for name, weight in goal.items())
    named = {*goal, *limits, "elapsed_ns", "request", "query", "peak_in_flight", *cell.figures}
    figures = {name: known[name] for name in sorted(named) if name in known}
    return Point(dict(parameters), stage, cell.size, seed, total, figures, broken)


def _went_wrong(cell: Cell) -> list[str]:
    if cell.status != "ok":
        return [f"{cell.status}: {cell.error}"]
    return ["another answer than the baseline's (PK501)"] if cell.agrees is False else []


def _is_counter(name: str) -> bool:
    return name.startswith("status_") or name in WITHOUT_UNIT


def is_candidate(point: Point) -> bool:
    """Whether it was measured and keeps all limits."""
    return point.goal is not None and not point.broken


def best(points: Iterable[Point]) -> Point | None:
    """The candidate with the least goal; among those as good the one that asks least of the service.

    That is the fewest in flight, then the fewest operations, then the smallest values.
    """
    candidates = [point for point in points if is_candidate(point)]
    least = min((_goal(point) for point in candidates), default=0.0)
    as_good = [point for point in candidates if _goal(point) <= least + TOLERANCE * abs(least)]
    return min(as_good, key=_gentleness, default=None)


def _goal(point: Point) -> float:
    return float("inf") if point.goal is None else point.goal


def _gentleness(point: Point) -> tuple[float, float, tuple[float, ...]]:
    figures = point.figures
    operations = figures.get("request", 0) + figures.get("query", 0)
    return figures.get("peak_in_flight", 0), operations, tuple(point.parameters.values())
