"""Line charts as SVG: lines that look alike as one path, and names at the lines' ends.

As in ``svg``, horizontal places are per cent, so that a chart is as wide as its page and its text never
scales; vertical places are pixels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from perfkit.report.drawing import svg
from perfkit.report.drawing.scale import Scale

COLOURS = ("#7d8590", "#2a78bd", "#d5561f", "#168a6a", "#b0619a", "#a87400", "#3f94c4", "#8f6bd0")
"""They repeat; a line is told by the name at its end, not by its colour."""

LINE_HEIGHT = 13
"""How far apart names at lines' ends must lie."""

Point = tuple[float, float]
"""Per cent from the left, pixels from the top."""


def thinned(points: Sequence[Point], most: int = 400) -> list[Point]:
    """At most about ``most`` points: the lowest and the highest of each stretch of a longer line.

    >>> thinned([(0, 1), (1, 5), (2, 0), (3, 1)], most=2)
    [(1, 5), (2, 0)]
    """
    if len(points) <= most:
        return list(points)
    width = math.ceil(2 * len(points) / most)
    kept: list[Point] = []
    for start in range(0, len(points), width):
        part = points[start : start + width]
        kept += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return kept


def path(lines: Iterable[Sequence[Point]]) -> str:
    """The data of a ``<path>`` in hundredths of per cent and pixels, in relative steps, which are short.

    >>> path([[(10, 5), (20.5, 7)], [(0, 0)]])
    'M1000 5l1050 2M0 0h0'
    """
    return "".join(map(_line, lines))


def _line(points: Sequence[Point]) -> str:
    places = [(round(100 * x), round(y, 1)) for x, y in points]
    if not places:
        return ""
    text = f"M{places[0][0]} {svg.plain(places[0][1])}"
    # a line of no length is a dot where the ends are round
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(places)]
    return text + ("".join(f"l{dx} {svg.plain(dy)}" for dx, dy in steps) or "h0")


def stroke(data: str, colour: str, width: float, attributes: str = "") -> str:
    """A line of ``width`` pixels however far the drawing is stretched."""
    more = f" {attributes}" if attributes else ""
    return (
        f'<path d="{data}" stroke="{colour}" stroke-width="{svg.plain(width)}"{more} '
        'vector-effect="non-scaling-stroke"/>'
    )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the ``wanted`` ones, in their order, at least ``gap`` apart where there is room.

    >>> spread([5, 6, 40], 10, 0, 50)
    [5, 15, 40]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    places: list[float] = []
    for index in order:
        places.append(max(wanted[index], places[-1] + gap) if places else max(low, wanted[index]))
    limit = high
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - gap
    found = [0.0] * len(wanted)
    for index, place in zip(order, places, strict=True):
        found[index] = place
    return found


@dataclass(frozen=True)
class Line:
    """One line of a panel: its stretches (a gap lies between two) of (x, y) in the scales' units."""

    name: str
    stretches: Sequence[Sequence[tuple[float, float]]]
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """Where the lines are drawn: ``left`` to ``right`` in per cent, ``top`` to ``bottom`` in pixels."""

    across: Scale
    up: Scale
    left: float
    right: float
    top: float
    bottom: float

    def x(self, value: float) -> float:
        """The place of ``value``, in per cent."""
        return self.left + self.across.share(value) * (self.right - self.left)

    def y(self, value: float) -> float:
        """The height of ``value``, in pixels."""
        return self.bottom - self.up.share(value) * (self.bottom - self.top)

    def grid(self, shown: Callable[[float], str]) -> Iterator[str]:
        """Level lines with their labels to the left of them."""
        ticks = [(self.y(value), shown(value)) for value in self.up.ticks()]
        levels = path([(self.left, y), (self.right, y)] for y, _ in ticks)
        yield svg.stretched([stroke(levels, "currentColor", 1, 'stroke-opacity=".18"')], self.bottom)
        yield svg.small(svg.text("0", y + 4, text, size=0) for y, text in ticks)

    def lines(self, lines: Sequence[Line], *, dots: bool) -> Iterator[str]:
        """The lines, each with its name beside its end. ``dots``: every point is marked."""
        lines = [line for line in lines if any(line.stretches)]
        placed = [
            [[(self.x(x), self.y(y)) for x, y in stretch] for stretch in line.stretches if stretch]
            for line in lines
        ]
        last = [at[-1][-1] for at in placed]
        heights = spread([y for _, y in last], LINE_HEIGHT, self.top, self.bottom - 4)
        edge = self.right + 2
        # a piece of the line in front of its name tells lines apart that end at one place
        keys = [[(edge, y), (edge + 2.5, y)] for y in heights]
        paths = list(_coloured(lines, [[*at, key] for at, key in zip(placed, keys, strict=True)]))
        if dots:
            marks = path([point] for line in placed for stretch in line for point in stretch)
            paths.append(stroke(marks, "currentColor", 4, 'stroke-linecap="round"'))
        leaders = path([point, key[0]] for point, key in zip(last, keys, strict=True))
        paths.append(stroke(leaders, "currentColor", 1, 'stroke-opacity=".4"'))
        yield svg.stretched(paths, self.bottom)
        place = f"{svg.plain(edge + 3.3)}%"
        names = (svg.text(place, y + 4, line.name, size=0) for line, y in zip(lines, heights, strict=True))
        yield f'<g font-size="11">{"".join(names)}</g>'


def _coloured(lines: Sequence[Line], placed: Sequence[Sequence[Sequence[Point]]]) -> Iterator[str]:
    """One path for all lines that look alike, so that a chart of many lines stays small."""
    looks: dict[tuple[str, bool], str] = {}
    for index, (line, stretches) in enumerate(zip(lines, placed, strict=True)):
        look = (COLOURS[index % len(COLOURS)], line.dashed)
        looks[look] = looks.get(look, "") + path(stretches)
    for (colour, dashed), data in looks.items():
        if data:
            yield stroke(data, colour, 1.8, 'stroke-dasharray="5 4"' if dashed else "")
