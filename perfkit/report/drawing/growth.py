"""Time against size on logarithmic axes, one line per strategy, named at its end; as SVG.

A line's slope is its growth: 1 doubles with the size, 0 does not grow.
"""

from __future__ import annotations

from perfkit.report import units
from perfkit.report.drawing import svg
from perfkit.report.drawing.chart import LINE_HEIGHT, Line, Panel
from perfkit.report.drawing.scale import Scale
from perfkit.report.view.growth import Growth

_LEFT, _RIGHT, _TOP, _LEAST_HEIGHT = 13, 54, 10, 150


def growth(shown: Growth) -> str:
    """The curves of one world and group."""
    sizes = sorted({size for curve in shown.curves for size, _ in curve.points})
    times = [ns for curve in shown.curves for _, ns in curve.points]
    bottom = _TOP + max(_LEAST_HEIGHT, LINE_HEIGHT * len(shown.curves))
    across = Scale(sizes[0], sizes[-1], "log")
    panel = Panel(across, Scale(min(times) / 1.3, max(times) * 1.3, "log"), _LEFT, _RIGHT, _TOP, bottom)
    lines = [Line(curve.label, [curve.points], dashed=curve.flawed) for curve in shown.curves]
    parts = [*panel.grid(units.tick), *panel.lines(lines, dots=True)]
    parts += svg.labels([(panel.x(size), f"{size:,}") for size in sizes], bottom, room=9)
    parts.append(svg.text(f"{_RIGHT + 8}%", bottom + 14, shown.unit, size=11, attributes='fill-opacity=".8"'))
    return svg.drawing(parts, bottom + svg.AXIS_HEIGHT, shown.label)
