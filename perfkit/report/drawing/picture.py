"""Elapsed time against size, one line per strategy, drawn by matplotlib on logarithmic axes.

A line's slope is its growth: 1 doubles with the size, 0 does not grow. Matplotlib is imported when drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from perfkit.model import Run, ScenarioResult, StrategyInfo
from perfkit.report import units
from perfkit.report.drawing.matplotlib_svg import drawing, saved
from perfkit.report.view import goals
from perfkit.report.view.strategies import groups
from perfkit.stats.growth import exponent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#7d8590", "#2a78bd", "#d5561f", "#168a6a", "#b0619a", "#a87400", "#3f94c4", "#8f6bd0")
MARKERS = ("s", "o", "^", "D", "v", "P", "X", "*")
"""Both repeat together; a line is told by its marker as well as by its colour."""


def main_figure(run: Run, scenario: ScenarioResult, *, kind: str = "svg") -> bytes:
    """The curves of every world and group of ``scenario`` side by side, as ``"svg"`` or ``"png"``.

    Raises MissingExtraError without matplotlib.
    """
    names = groups(scenario)
    places = [(world.name, group) for group in names for world in scenario.worlds]
    return _draw(scenario, places, max(1, len(scenario.worlds)), kind, f"{run.clock} clock")


def growth_figure(scenario: ScenarioResult, world: str, group: str) -> bytes:
    """The curves of one world and group, as SVG. Raises MissingExtraError without matplotlib."""
    return _draw(scenario, [(world, group)], 1, "svg", "")


def curves(
    scenario: ScenarioResult, world: str, group: str
) -> Iterator[tuple[StrategyInfo, list[tuple[int, int]], float | None]]:
    """Each strategy of the group with its (size, ns) points, of what it is judged by, and its slope."""
    for info in scenario.strategies:
        if info.group != group:
            continue
        cells = [scenario.cell(world, info.name, size) for size in scenario.sizes]
        points = [(cell.size, ns) for cell in cells if cell and (ns := goals.time_ns(scenario, cell))]
        if points:
            yield info, points, exponent(points)


def _draw(
    scenario: ScenarioResult, places: list[tuple[str, str]], columns: int, kind: str, note: str
) -> bytes:
    most = max((sum(1 for _ in curves(scenario, *place)) for place in places), default=0)
    height, rows = 2.9 + 0.19 * most, -(-len(places) // columns) or 1
    with drawing(kind, "the growth chart"):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.3 * columns, height * rows), layout="constrained")
        for index, (world, group) in enumerate(places):
            axes = figure.add_subplot(rows, columns, index + 1)
            _panel(axes, scenario, world, group, titled=len(places) > 1)
        if note and len(places) > 1:
            figure.supxlabel(note, fontsize=9, parse_math=False)
        return saved(figure, kind)


def _panel(axes: Axes, scenario: ScenarioResult, world: str, group: str, *, titled: bool) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    labels = []
    for index, (info, points, slope) in enumerate(curves(scenario, world, group)):
        style: dict[str, Any] = {"color": COLOURS[index % 8], "marker": MARKERS[index % 8], "markersize": 5}
        dashed = "--" if info.flaw else "-"
        axes.plot(*zip(*points, strict=True), linestyle=dashed, linewidth=1.6, **style)
        shown = "one size" if slope is None else f"slope {round(slope, 2) + 0.0:.2f}"
        labels.append(f"{units.clean(info.name, 34)}: {shown}")
    axes.xaxis.set_major_locator(FixedLocator([size for size in scenario.sizes if size > 0]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(value):,}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(visible=True, alpha=0.15, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(units.clean(scenario.unit, 40), parse_math=False)
    if titled:
        title = next((w.title or w.name for w in scenario.worlds if w.name == world), world)
        name = ", ".join(filter(None, (units.clean(title, 40), units.clean(group, 40))))
        axes.set_title(name, fontsize=11, parse_math=False)
    if labels:
        _legend(axes, labels)


def _legend(axes: Axes, labels: list[str]) -> None:
    """Below the axes, where it hides no curve."""
    legend = axes.legend(
        axes.get_lines(),
        [f"line {index}" for index in range(len(labels))],
        loc="upper left",
        bbox_to_anchor=(-0.2, -0.22),
        frameon=False,
        fontsize=10,
        handlelength=2.2,
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        # set afterwards: a name may hold what matplotlib takes for a formula or for "no legend"
        text.set_parse_math(False)
        text.set_text(label)
