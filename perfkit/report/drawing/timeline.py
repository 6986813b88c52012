"""Figures over time (``Cell.series``), one line per strategy, with what the scenario marks; as SVG.

All series of a name share a panel; the panels of a world lie below each other on one axis of time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from perfkit.model import Cell, Mark, ScenarioResult, Series
from perfkit.report import units
from perfkit.report.drawing import svg
from perfkit.report.drawing.chart import LINE_HEIGHT, Line, Panel, thinned
from perfkit.report.drawing.scale import Scale

STEPS_NS = tuple(units.HOUR_NS * minutes // 60 for minutes in (5, 10, 15, 30, 60, 120, 240, 480))
"""How far apart the times on the axis may lie."""

MOST_TIMES = 9
_LEFT, _RIGHT, _TITLE, _GAP, _LEAST_HEIGHT = 12, 64, 24, 14, 90
_LINEAR_NS = 100_000_000
"""Durations below this are drawn linearly, so that 0 has a place beside hours."""


def places(scenario: ScenarioResult) -> list[tuple[str, int]]:
    """Worlds with the largest size at which strategies have left series there.

    One line alone says little: such worlds are left out if another one has more.
    """
    lines: Counter[tuple[str, int]] = Counter(
        (cell.world, cell.size) for cell in scenario.cells if cell.series
    )
    largest = [
        (world.name, max(size for name, size in lines if name == world.name))
        for world in scenario.worlds
        if any(name == world.name for name, _ in lines)
    ]
    return [place for place in largest if lines[place] > 1] or largest


def timeline(scenario: ScenarioResult, world: str, size: int, label: str) -> str:
    """The panels of one world and size."""
    cells = [c for c in scenario.cells if (c.world, c.size) == (world, size) and c.series]
    across, height = _span(cells), max(_LEAST_HEIGHT, LINE_HEIGHT * len(cells))
    parts: list[str] = []
    top = 0.0
    for name in dict.fromkeys(series.name for cell in cells for series in cell.series):
        found = [(cell, series) for cell in cells for series in cell.series if series.name == name]
        panel = Panel(across, _up(found), _LEFT, _RIGHT, top + _TITLE, top + _TITLE + height)
        parts += _panel(panel, name, scenario, found)
        top = panel.bottom + _GAP
    parts += svg.labels([(panel.x(time), units.clock(time)) for time in _times(across)], panel.bottom)
    return svg.drawing(parts, panel.bottom + svg.AXIS_HEIGHT, label)


def _panel(
    panel: Panel, name: str, scenario: ScenarioResult, found: Sequence[tuple[Cell, Series]]
) -> Iterator[str]:
    in_time = found[0][1].unit == "ns"
    yield svg.text("0", panel.top - 10, units.clean(name, 60), attributes='font-weight="600"')
    yield from _shades(panel, scenario.marks)
    yield from panel.grid(units.tick if in_time else lambda value: f"{value:,.6g}")
    lines = [
        Line(
            units.clean(cell.strategy, 18),
            _stretches(series),
            dashed=bool(scenario.strategy(cell.strategy).flaw),
        )
        for cell, series in found
    ]
    yield from panel.lines(lines, dots=False)


def _span(cells: Sequence[Cell]) -> Scale:
    """The time that any series covers."""
    found = [series for cell in cells for series in cell.series]
    first = min(series.start_ns for series in found)
    last = max(series.start_ns + series.step_ns * len(series.values) for series in found)
    return Scale(first, max(last, first + 1), "linear")


def _up(found: Sequence[tuple[Cell, Series]]) -> Scale:
    highest = max((value or 0 for _, series in found for value in series.values), default=0)
    if found[0][1].unit == "ns":
        return Scale(0, max(highest * 1.3, 1e9), "symlog", _LINEAR_NS)
    return Scale(0, max(highest * 1.3, 1), "symlog")


def _shades(panel: Panel, marks: Sequence[Mark]) -> Iterator[str]:
    for mark in marks:
        paint = f'fill="{svg.VERMILION}" fill-opacity=".2"'
        start, end = panel.x(mark.from_ns), panel.x(mark.until_ns)
        yield svg.bar(start, end, panel.top, panel.bottom - panel.top, attributes=paint)


def _stretches(series: Series) -> list[list[tuple[float, float]]]:
    """The middle of each step and the value there; a step without a value is a gap."""
    found: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(series.values):
        if value is None:
            found.append([])
        else:
            found[-1].append((series.start_ns + (number + 0.5) * series.step_ns, float(value)))
    return [thinned(stretch) for stretch in found if stretch]


def _times(across: Scale) -> list[float]:
    """Round times on the axis."""
    length = across.high - across.low
    days = STEPS_NS[-1] * math.ceil(length / STEPS_NS[-1] / MOST_TIMES)
    step = next((step for step in STEPS_NS if length / step <= MOST_TIMES), days)
    first = -(-int(across.low) // step) * step
    times = [float(time) for time in range(first, int(across.high) + 1, step)]
    return times if len(times) > 1 else [across.low, across.high]
