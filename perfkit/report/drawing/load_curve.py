"""Goal and throughput against what is in flight, as SVG; the knee is an upright line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfkit.report import units
from perfkit.report.drawing import svg
from perfkit.report.drawing.chart import Line, Panel
from perfkit.report.drawing.scale import Scale
from perfkit.report.view.load import LoadCurve

_LEFT, _RIGHT, _TITLE, _HEIGHT, _GAP = 12, 64, 38, 110, 14
_KNEE = f'stroke="{svg.VERMILION}" stroke-width="1.5" stroke-dasharray="4 3"'


def load_curve(shown: LoadCurve) -> str:
    """Two panels on one axis; the lower one only where the elapsed time is known."""
    values = [value for value, _ in shown.goals]
    across = _across([*values, *([shown.needed] if shown.needed > 0 else [])])
    parts: list[str] = []
    top = 0.0
    panels = [(shown.goal, shown.goals, units.tick if shown.in_time else "{:,.4g}".format)]
    if len(shown.rates) > 1:
        panels.append((f"throughput, {shown.unit}/s", shown.rates, "{:,.4g}".format))
    for title, points, tick in panels:
        up = Scale(0, max(value for _, value in points) * 1.1, "linear")
        panel = Panel(across, up, _LEFT, _RIGHT, top + _TITLE, top + _TITLE + _HEIGHT)
        parts.append(svg.text("0", top + 14, title, attributes='font-weight="600"'))
        parts += [*panel.grid(tick), *panel.lines([Line(shown.others, [points])], dots=True)]
        parts += [*_broken(panel, shown, points), *_knee(panel, shown)]
        top = panel.bottom + _GAP
    parts += svg.labels([(panel.x(value), f"{value:g}") for value in values], panel.bottom, room=5)
    place = f"{_RIGHT + 5}%"
    parts.append(svg.small([svg.text(place, panel.bottom + 14, shown.parameter, size=0)]))
    return svg.drawing(parts, panel.bottom + svg.AXIS_HEIGHT, shown.label)


def _across(values: Sequence[float]) -> Scale:
    low, high = min(values), max(values)
    return Scale(low, high, "log") if 0 < low * 5 < high else Scale(min(low, 0), high, "linear")


def _broken(panel: Panel, shown: LoadCurve, points: Sequence[tuple[float, float]]) -> Iterator[str]:
    for value, height in points:
        if value in shown.broken:
            at = f"{svg.plain(panel.x(value))}%"
            yield svg.text(at, panel.y(height) - 5, "breaks a limit", anchor="middle", size=11)


def _knee(panel: Panel, shown: LoadCurve) -> Iterator[str]:
    if shown.needed > 0:
        x = panel.x(shown.needed)
        yield svg.line(x, x, panel.top - 8, panel.bottom, _KNEE)
        anchor = "start" if x < 20 else "middle"
        yield svg.text(f"{svg.plain(x)}%", panel.top - 11, f"knee {shown.needed:.3g}", anchor=anchor, size=11)
