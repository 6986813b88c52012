"""When each call was under way, for several strategies on one shared time axis, as SVG."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.report.drawing import svg
from perfkit.report.units import number, plural
from perfkit.report.view.lanes import Lane, Piece, Waterfall

_ROW = 5
_THICK = 4
_HEAD = 22
_BAND = 20
_GAP = 14


def waterfall(shown: Waterfall) -> str:
    """One drawing with a lane for each strategy, stacked; refused calls are outlined, not filled."""
    marks = shown.axis.ticks()
    parts: list[str] = []
    top = 0.0
    for lane in shown.lanes:
        bottom = top + _height(lane)
        parts.append(svg.grid(marks, top + _HEAD - 2, bottom - _GAP))
        parts.extend(_lane(lane, top))
        top = bottom
    parts.extend(svg.labels(marks, top - _GAP))
    label = f"Waterfall of {', '.join(lane.name for lane in shown.lanes)}; {shown.title}"
    return svg.drawing(parts, top - _GAP + svg.AXIS_HEIGHT, label)


def _height(lane: Lane) -> float:
    bands = bool(lane.rest) + bool(lane.missing)
    return _HEAD + _ROW * len(lane.rows) + bands * _BAND + _GAP


def _lane(lane: Lane, top: float) -> Iterable[str]:
    yield svg.text("0", top + 15, lane.name, attributes='font-weight="600"')
    yield svg.text("100%", top + 15, lane.label, anchor="end")
    y = top + _HEAD
    yield from _pieces([(piece, y + _ROW * row) for row, piece in enumerate(lane.rows)], _THICK)
    y += _ROW * len(lane.rows)
    if lane.rest:
        yield from _pieces([(piece, y + 2 + 3 * piece.refused) for piece in lane.rest], 2)
        yield _note(y, f"{plural(lane.rest_count, 'more call')}, drawn together")
        y += _BAND
    if lane.missing:
        edge = f'fill="none" stroke="{svg.GREY}" stroke-dasharray="3 3"'
        yield svg.bar(lane.missing_from, lane.end, y + 2, 3, attributes=edge)
        yield _note(y, f"{number(lane.missing)} more not stored: their time, without their places")
        y += _BAND
    yield svg.line(lane.end, lane.end, top + _HEAD - 3, y, 'stroke="currentColor" stroke-opacity=".6"')


def _note(y: float, content: str) -> str:
    return svg.text("100%", y + 17, content, anchor="end", size=11, attributes='fill-opacity=".8"')


def _pieces(placed: list[tuple[Piece, float]], height: float) -> Iterable[str]:
    """All pieces of a kind as one shape, so that a page of many calls stays small."""
    for refused, paint in (
        (False, f'fill="{svg.BLUE}"'),
        (True, f'fill="none" stroke="{svg.VERMILION}" stroke-width="1.2"'),
    ):
        drawn = [(p.start, p.end, y) for p, y in placed if p.refused is refused]
        if drawn:
            yield svg.bars(drawn, height, paint)
