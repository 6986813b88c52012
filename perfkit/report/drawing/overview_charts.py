"""The charts of the main figure, each in a box of its own on a canvas."""

from __future__ import annotations

from collections.abc import Sequence

from perfkit.report.drawing.canvas import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    PALE,
    RULE,
    VERMILION,
    Canvas,
    fits,
    width_of,
)
from perfkit.report.view.overview.parts import (
    Bar,
    Bars,
    Chart,
    Curves,
    Interval,
    Intervals,
    Lane,
    Lanes,
    Ticks,
)

_CAPTION = 18.0
_AXIS = 16.0
_ROW = 21.0
"""How high a bar with its space is where there is room."""

_LANE = 52.0
_STRETCH = 1.7
"""How much higher than that a row becomes where there is more room."""

_NARROW = 320.0
_SMALL = 9.0
_PAINT = {
    "baseline": GREY,
    "before": GREY,
    "right": PALE,
    "best": BLUE,
    "better": GREEN,
    "worse": VERMILION,
    "same": GREY,
    "open": FAINT,
}
_SHIFT = {"before": 0.1, "worse": -0.1, "better": -0.1, "right": -0.1}
"""In parts of a row: two bars of a pair lie closer together."""

_MARKS = {"worse": "^", "better": "v", "same": "o", "open": "D"}


def height(charts: Sequence[Chart]) -> float:
    """What the highest of ``charts`` needs."""
    return max((_height(chart) for chart in charts), default=0.0)


def _height(chart: Chart) -> float:
    if isinstance(chart, Lanes):
        rows = _LANE * len(chart.lanes)
    elif isinstance(chart, Curves):
        rows = 130.0
    else:
        rows = _ROW * len(chart.bars if isinstance(chart, Bars) else chart.rows)
    return _CAPTION + rows + _AXIS


def draw(board: Canvas, chart: Chart, x: float, y: float, width: float, height: float) -> None:
    """``chart`` in the box at ``x``, ``y``."""
    note = chart.note if isinstance(chart, Bars | Intervals) else ""
    board.text(
        x, y + 8, fits(chart.caption, width - width_of(note, _SMALL) - 8, _SMALL), size=_SMALL, colour=FAINT
    )
    if note:
        board.text(x + width, y + 8, note, size=_SMALL, colour=FAINT, anchor="right")
    inner = y + _CAPTION, height - _CAPTION - _AXIS
    if isinstance(chart, Bars):
        _bars(board, chart, x, inner[0], width, inner[1])
    elif isinstance(chart, Lanes):
        _lanes(board, chart, x, inner[0], width, inner[1])
    elif isinstance(chart, Curves):
        _curves(board, chart, x, inner[0], width, inner[1])
    else:
        _intervals(board, chart, x, inner[0], width, inner[1])


def _ticks(board: Canvas, ticks: Ticks, x: float, y: float, width: float, height: float) -> None:
    """Lines behind a chart, their labels below; labels that would touch the one before are left out."""
    reached = float("-inf")
    for place, label in ticks:
        at = x + width * place / 100
        board.line([(at, y), (at, y + height)], RULE, 0.8)
        half = width_of(label, _SMALL) / 2
        if at - half > reached + 4:
            middle = min(at, x + width - half)
            board.text(middle, y + height + 12, label, size=_SMALL, colour=FAINT, anchor="center")
            reached = at + half


def _columns(names: Sequence[str], labels: Sequence[str], width: float, size: float) -> tuple[float, float]:
    """Room for the names at the left, and for the labels behind the bars."""
    name = max((width_of(text, size, bold=True) for text in names), default=0.0)
    label = max((width_of(text, size, bold=True) for text in labels), default=0.0)
    return min(name + 12, width * 0.46), min(label + 8, width * 0.4)


def _size(step: float, width: float) -> float:
    """Of the names in rows: smaller in a narrow box."""
    return min(9.5 if width < _NARROW else 12 if step > 1.3 * _ROW else 10.5, step * 0.72)


def _bars(board: Canvas, chart: Bars, x: float, y: float, width: float, height: float) -> None:
    step = min(_ROW * _STRETCH, height / max(1, len(chart.bars)))
    size = _size(step, width)
    name, label = _columns([b.name for b in chart.bars], [b.label for b in chart.bars], width, size)
    left, track = x + name, width - name - label
    _ticks(board, chart.ticks, left, y, track, step * len(chart.bars))
    for number, bar in enumerate(chart.bars):
        middle = y + step * (number + 0.5 + _SHIFT.get(bar.role, 0.0) * chart.paired)
        strong = bar.role in ("best", "worse")
        shown = fits(bar.name, name - 9, size, bold=strong)
        board.text(left - 8, middle + size * 0.36, shown, size=size, anchor="right", bold=strong)
        end = _bar(board, bar, left, middle, track, step)
        shown = fits(bar.label, x + width - end - 7, size, bold=strong)
        board.text(
            end + 7,
            middle + size * 0.36,
            shown,
            size=size,
            bold=strong,
            colour=FAINT if bar.role == "none" else INK,
        )


def _bar(board: Canvas, bar: Bar, left: float, middle: float, track: float, step: float) -> float:
    """Draws it and says where it ends."""
    if bar.role == "none":
        return left
    thick = min(15.0, step * 0.62)
    long = max(1.5, track * bar.end / 100)
    style = {"hatch": "/////", "edgecolor": VERMILION, "linewidth": 0.8} if bar.role == "wrong" else {}
    board.rectangle(left, middle - thick / 2, long, thick, _PAINT.get(bar.role, "none"), **style)
    if not bar.high:
        return left + long
    low, high = left + track * bar.low / 100, left + track * bar.high / 100
    board.line([(low, middle), (high, middle)], INK, 1.2)
    for end in (low, high):
        board.line([(end, middle - 3.5), (end, middle + 3.5)], INK, 1.2)
    return max(high, left + long)


def _lanes(board: Canvas, chart: Lanes, x: float, y: float, width: float, height: float) -> None:
    step = min(_LANE * _STRETCH, height / max(1, len(chart.lanes)))
    _ticks(board, chart.ticks, x, y, width, step * len(chart.lanes))
    for number, lane in enumerate(chart.lanes):
        _lane(board, lane, x, y + step * number, width, step)


def _lane(board: Canvas, lane: Lane, x: float, y: float, width: float, step: float) -> None:
    """A call's row is told by its number, so that turns and calls side by side look different."""
    size = min(10.0 if width > _NARROW else 9.0, step * 0.3)
    top, band = y + size + 5, step - size - 11
    label = fits(lane.label, width * 0.6, size)
    board.text(x, y + size, fits(lane.name, width - width_of(label, size) - 8, size), size=size)
    board.text(x + width, y + size, label, size=size, anchor="right", colour=FAINT)
    board.rectangle(x, top, width * lane.end / 100, band, PALE, alpha=0.28)
    count = max(1, len(lane.calls))
    thick = max(1.6, min(5.0, band / count))
    for refused, paint, style in (
        (False, BLUE, {}),
        (True, "none", {"edgecolor": VERMILION, "linewidth": 0.8}),
    ):
        places = []
        for number, (start, end, was) in enumerate(lane.calls):
            if was is refused:
                at = top + (band - thick) * number / max(1, count - 1)
                places.append((x + width * start / 100, at, max(1.2, width * (end - start) / 100), thick))
        board.rectangles(places, paint, **style)
    if lane.missing_from is not None:
        start = x + width * lane.missing_from / 100
        board.rectangle(
            start,
            top + band / 2,
            max(1.2, x + width * lane.end / 100 - start),
            band / 2,
            "none",
            edgecolor=GREY,
            linewidth=0.8,
            linestyle=(0, (3, 2)),
        )
    end = x + width * lane.end / 100
    board.line([(end, top - 2), (end, top + band + 2)], INK, 1.0)


def _curves(board: Canvas, chart: Curves, x: float, y: float, width: float, height: float) -> None:
    room = max((width_of(label, _SMALL) for _, label in chart.heights), default=0.0) + 8
    legend = 16.0
    left, track, bottom = x + room, width - room, y + height
    top = y + legend
    for start, end in chart.shaded:
        board.rectangle(
            left + track * start / 100,
            top,
            max(1.5, track * (end - start) / 100),
            bottom - top,
            VERMILION,
            alpha=0.16,
        )
    _ticks(board, chart.ticks, left, top, track, bottom - top)
    for place, label in chart.heights:
        at = bottom - (bottom - top) * place / 100
        board.line([(left, at), (left + track, at)], RULE, 0.8)
        board.text(left - 6, at + 3, label, size=_SMALL, colour=FAINT, anchor="right")
    at = x
    for curve in chart.curves:
        colour = _PAINT.get(curve.role, BLUE)
        points = [(left + track * a / 100, bottom - (bottom - top) * b / 100) for a, b in curve.points]
        if len(points) > 1:
            board.line(points, colour, 1.4)
        board.line([(at, y + 4), (at + 12, y + 4)], colour, 2.4)
        name = fits(curve.name, x + width - at - 16, _SMALL, bold=True)
        board.text(at + 16, y + 8, name, size=_SMALL, bold=curve.role == "best")
        at += 16 + width_of(name, _SMALL, bold=True) + 12


def _intervals(board: Canvas, chart: Intervals, x: float, y: float, width: float, height: float) -> None:
    step = min(_ROW * _STRETCH, height / max(1, len(chart.rows)))
    size = _size(step, width)
    name, label = _columns([r.name for r in chart.rows], [r.label for r in chart.rows], width, size)
    left, track = x + name, width - name - label
    _ticks(board, chart.ticks, left, y, track, step * len(chart.rows))
    zero = left + track * chart.zero / 100
    board.line([(zero, y), (zero, y + step * len(chart.rows))], INK, 1.0)
    for number, row in enumerate(chart.rows):
        _interval(board, row, left, y + step * (number + 0.5), track, size, x + width - label)


def _interval(
    board: Canvas, row: Interval, left: float, middle: float, track: float, size: float, after: float
) -> None:
    colour, strong = _PAINT[row.role], row.role == "worse"
    board.text(left - 8, middle + size * 0.36, row.name, size=size, anchor="right", bold=strong)
    low, at, high = (left + track * place / 100 for place in (row.low, row.middle, row.high))
    board.line([(low, middle), (high, middle)], colour, 2.2)
    board.dot(at, middle, colour, _MARKS[row.role])
    board.text(after + 6, middle + size * 0.36, row.label, size=size, bold=strong)
