"""Figures over time (``Cell.series``), one line per strategy, with what the scenario marks; by matplotlib.

All series of a name share a panel; the panels of a world lie below each other on one axis of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from perfkit.model import Cell, Mark, ScenarioResult, Series
from perfkit.report import units
from perfkit.report.drawing.matplotlib_svg import drawing, saved
from perfkit.report.drawing.picture import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HOUR_NS = 3_600_000_000_000
STEPS_NS = tuple(HOUR_NS * minutes // 60 for minutes in (5, 10, 15, 30, 60, 120, 240, 480))
"""How far apart the times on the axis may lie."""

MOST_TIMES = 9


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


def timeline(scenario: ScenarioResult, world: str, size: int, *, kind: str = "svg") -> bytes:
    """The panels of one world and size as "svg" or "png". Raises MissingExtraError without matplotlib."""
    cells = [c for c in scenario.cells if (c.world, c.size) == (world, size) and c.series]
    names = list(dict.fromkeys(series.name for cell in cells for series in cell.series))
    with drawing(kind, "the timeline"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.0, 2.1 * len(names) + 0.45 + 0.2 * len(cells)), layout="constrained")
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        dashed = [bool(scenario.strategy(cell.strategy).flaw) for cell in cells]
        for axes, name in zip(panels, names, strict=True):
            _panel(axes, name, cells, dashed)
            _shade(axes, scenario.marks)
        _hours(panels[-1], [series for cell in cells for series in cell.series])
        _legend(panels[-1], cells)
        return saved(figure, kind)


def _panel(axes: Axes, name: str, cells: Sequence[Cell], dashed: Sequence[bool]) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    found = [(n, series) for n, cell in enumerate(cells) for series in cell.series if series.name == name]
    unit = found[0][1].unit
    for number, series in found:
        style, colour = "--" if dashed[number] else "-", COLOURS[number % len(COLOURS)]
        axes.plot(*_points(series), linestyle=style, linewidth=1.3, color=colour)
    highest = max((value or 0 for _, series in found for value in series.values), default=0)
    if unit == "ns":
        axes.set_yscale("symlog", linthresh=1e8)
        axes.set_ylim(0, max(highest, 1e9) * 1.6)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(value)))
    else:
        axes.set_yscale("symlog", linthresh=1)
        axes.set_ylim(0, max(highest, 1) * 1.6)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True, alpha=0.15, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(units.clean(name, 60), fontsize=11, loc="left", parse_math=False)


def _shade(axes: Axes, marks: Sequence[Mark]) -> None:
    for mark in marks:
        axes.axvspan(
            mark.from_ns / HOUR_NS, mark.until_ns / HOUR_NS, color="#d5561f", alpha=0.18, linewidth=0
        )


def _points(series: Series) -> tuple[list[float], list[float]]:
    """The middle of each step in hours, and the value there; a step without one is a gap."""
    times = [(series.start_ns + (n + 0.5) * series.step_ns) / HOUR_NS for n in range(len(series.values))]
    return times, [float("nan") if value is None else float(value) for value in series.values]


def _hours(axes: Axes, found: Sequence[Series]) -> None:
    """Times as hours and minutes."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    first = min(series.start_ns for series in found)
    last = max(series.start_ns + series.step_ns * len(series.values) for series in found)
    step_ns = next((s for s in STEPS_NS if (last - first) / s <= MOST_TIMES), STEPS_NS[-1])
    if last > first:
        axes.set_xlim(first / HOUR_NS, last / HOUR_NS)
    if last - first >= STEPS_NS[0]:
        axes.xaxis.set_major_locator(MultipleLocator(step_ns / HOUR_NS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hours, _: clock(hours * HOUR_NS)))


def clock(time_ns: float) -> str:
    """A time as hours and minutes, with seconds where it has some.

    >>> clock(11.5 * HOUR_NS), clock(61e9)
    ('11:30', '0:01:01')
    """
    minutes, seconds = divmod(round(time_ns / 1e9), 60)
    return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _legend(axes: Axes, cells: Sequence[Cell]) -> None:
    """Below the axes; the names are set afterwards, since matplotlib takes some for formulas."""
    lines = axes.get_lines()[: len(cells)]
    legend = axes.legend(
        lines,
        [f"line {number}" for number in range(len(lines))],
        loc="upper left",
        bbox_to_anchor=(-0.05, -0.22),
        ncols=3,
        frameon=False,
        fontsize=10,
        handlelength=2.2,
    )
    for text, cell in zip(legend.get_texts(), cells, strict=False):
        text.set_parse_math(False)
        text.set_text(units.clean(cell.strategy, 30))
