"""When each call was under way, for several strategies on one shared time axis, as SVG."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from perfkit.report.drawing import svg
from perfkit.report.units import number, plural
from perfkit.report.view.lanes import Lane, Waterfall

_ROW = 5
_THICK = 4
_HEAD = 22
_BAND = 20
_GAP = 14


class _Shapes(NamedTuple):
    """What is drawn of all lanes, by kind: a page of many calls stays small with one path for each."""

    calls: list[svg.Place]
    refused: list[svg.Place]
    together: list[svg.Place]
    refused_together: list[svg.Place]
    ends: list[svg.Place]

    def paths(self) -> Iterable[str]:
        """One path for each kind."""
        yield svg.strokes(self.calls, _THICK, svg.BLUE)
        yield svg.outlines(self.refused, _THICK, svg.VERMILION)
        yield svg.strokes(self.together, 2, svg.BLUE)
        yield svg.outlines(self.refused_together, 2, svg.VERMILION)
        yield svg.uprights(self.ends, 'stroke="currentColor" stroke-opacity=".6"')


def waterfall(shown: Waterfall) -> str:
    """One drawing with a lane for each strategy, stacked; refused calls are outlined, not filled."""
    marks, shapes = shown.axis.ticks(), _Shapes([], [], [], [], [])
    tops = list(itertools.accumulate(map(_height, shown.lanes), initial=0.0))
    bottom = tops[-1] - _GAP
    parts = [part for lane, top in zip(shown.lanes, tops, strict=False) for part in _lane(lane, top, shapes)]
    grid = svg.grid(marks, *((a + _HEAD - 2, b - _GAP) for a, b in itertools.pairwise(tops)))
    parts = [svg.stretched([grid, *shapes.paths()], bottom), *parts, *svg.labels(marks, bottom)]
    label = f"Waterfall of {', '.join(lane.name for lane in shown.lanes)}; {shown.title}"
    return svg.drawing(parts, bottom + svg.AXIS_HEIGHT, label)


def _height(lane: Lane) -> float:
    bands = bool(lane.rest) + bool(lane.missing)
    return _HEAD + _ROW * len(lane.rows) + bands * _BAND + _GAP


def _lane(lane: Lane, top: float, shapes: _Shapes) -> Iterable[str]:
    """The texts of a lane; its calls are added to ``shapes``."""
    yield svg.text("0", top + 15, lane.name, attributes='font-weight="600"')
    yield svg.text("100%", top + 15, lane.label, anchor="end")
    y = top + _HEAD
    for row, piece in enumerate(lane.rows):
        kind = shapes.refused if piece.refused else shapes.calls
        kind.append((piece.start, piece.end, y + _ROW * row))
    y += _ROW * len(lane.rows)
    if lane.rest:
        for piece in lane.rest:
            kind = shapes.refused_together if piece.refused else shapes.together
            kind.append((piece.start, piece.end, y + 2 + 3 * piece.refused))
        yield _note(y, f"{plural(lane.rest_count, 'more call')}, drawn together")
        y += _BAND
    if lane.missing:
        edge = f'fill="none" stroke="{svg.GREY}" stroke-dasharray="3 3"'
        yield svg.bar(lane.missing_from, lane.end, y + 2, 3, attributes=edge)
        yield _note(y, f"{number(lane.missing)} more not stored: their time, without their places")
        y += _BAND
    shapes.ends.append((lane.end, top + _HEAD - 3, y))


def _note(y: float, content: str) -> str:
    return svg.text("100%", y + 17, content, anchor="end", size=11, attributes='fill-opacity=".8"')
