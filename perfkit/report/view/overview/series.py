"""A figure over time in the main figure: the baseline's line, and that of what beats it."""

from __future__ import annotations

import math
from collections.abc import Callable

from perfkit.model import Cell, ScenarioResult, Series
from perfkit.report import units
from perfkit.report.axis import round_step
from perfkit.report.view.overview.parts import Curve, Curves, Ticks

MAX_POINTS = 400
_LEAST_NS = 1e8
"""Shorter times than this are drawn on a linear scale, longer ones on a logarithmic one."""


def curves_of(scenario: ScenarioResult, cells: list[Cell]) -> Curves | None:
    """One figure of all ``cells``, a duration if there is one; None where one of them has no series."""
    shared = [
        series.name
        for series in sorted(cells[0].series, key=lambda series: series.unit != "ns")
        if all(any(other.name == series.name for other in cell.series) for cell in cells)
    ]
    if not shared:
        return None
    found = [next(series for series in cell.series if series.name == shared[0]) for cell in cells]
    first = min(series.start_ns for series in found)
    last = max(series.start_ns + series.step_ns * len(series.values) for series in found)
    highest = max((value for series in found for value in series.values if value is not None), default=0.0)
    if last <= first or highest <= 0:
        return None

    def across(ns: float) -> float:
        return round(min(100.0, max(0.0, 100 * (ns - first) / (last - first))), 2)

    height, heights = _heights(highest, found[0].unit)
    curves = tuple(
        Curve(units.clean(cell.strategy, 24), _role(scenario, cell), _points(series, across, height))
        for cell, series in zip(cells, found, strict=True)
    )
    shaded = tuple((across(mark.from_ns), across(mark.until_ns)) for mark in scenario.marks)
    caption = f"{units.clean(shared[0], 40)} over time, logarithmic"
    return Curves(caption, curves, _hours(first, last, across), heights, shaded)


def _role(scenario: ScenarioResult, cell: Cell) -> str:
    return "baseline" if scenario.strategy(cell.strategy).baseline else "best"


def _heights(highest: float, unit: str) -> tuple[Callable[[float], float], Ticks]:
    """How high a value is drawn, and the powers of ten (or of a hundred) that are marked."""
    least = _LEAST_NS if unit == "ns" else 1.0
    most = math.log10(1 + highest * 1.3 / least)

    def height(value: float) -> float:
        return round(100 * math.log10(1 + max(0.0, value) / least) / most, 2)

    powers = [least * 10**power for power in range(int(most) + 1)]
    marked = [value for value in powers if value <= highest * 1.3]
    step = 1 if len(marked) < 5 else 2
    shown = units.tick if unit == "ns" else _plain
    return height, tuple((height(value), shown(value)) for value in [0.0, *marked[::step]])


def _plain(value: float) -> str:
    return f"{value:,.6g}"


def _points(
    series: Series, across: Callable[[float], float], height: Callable[[float], float]
) -> tuple[tuple[float, float], ...]:
    """The middle of each step; of many steps the highest of each few, so that no peak is lost."""
    few = max(1, -(-len(series.values) // MAX_POINTS))
    points = []
    for begin in range(0, len(series.values), few):
        values = [value for value in series.values[begin : begin + few] if value is not None]
        if values:
            middle = series.start_ns + (begin + few / 2) * series.step_ns
            points.append((across(middle), height(max(values))))
    return tuple(points)


def _hours(first: int, last: int, across: Callable[[float], float]) -> Ticks:
    """Hours where there are some, else about four round times."""
    step = round_step((last - first) / units.HOUR_NS, 4) * units.HOUR_NS
    if last - first > 2 * units.HOUR_NS:
        step = units.HOUR_NS * max(1, round((last - first) / units.HOUR_NS / 5))
    count = math.floor(last / step)
    times = [n * step for n in range(math.ceil(first / step), count + 1)]
    return tuple((across(ns), units.clock(ns)) for ns in times)
