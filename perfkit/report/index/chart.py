"""A small line chart of one series: one dot per run, from 0 up, with the revisions below it."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.report.drawing import svg
from perfkit.report.index.trends import Point, Series

TOP, BOTTOM = 16.0, 66.0
HEIGHT = BOTTOM + 20
LEFT, WIDTH = 3.0, 94.0
ROOM_OF_A_LABEL = 30.0
"""Per cent of the width: seven figures in the narrowest column."""


def chart(series: Series) -> str:
    """The drawing; "" for fewer than two points, which make no line."""
    values = [point.value for point in series.points if point.value is not None]
    if len(series.points) < 2 or not values:
        return ""
    places = _places(series.points, max(values) or 1)
    label = f"{series.strategy}, {series.figure}, {len(series.points)} runs: {series.last}, {series.change}"
    parts = [
        svg.stretched([_frame(), _versions(series.points), *_line(places)], BOTTOM),
        _revisions(series.points),
    ]
    return svg.drawing(parts, HEIGHT, label.rstrip(", "))


def across(number: float, count: int) -> float:
    """Where a run stands, in per cent.

    >>> across(0, 3), across(1, 3), across(2, 3)
    (3.0, 50.0, 97.0)
    """
    return LEFT + WIDTH * number / max(count - 1, 1)


def _places(points: tuple[Point, ...], most: int) -> list[tuple[int, float] | None]:
    """In hundredths of per cent and pixels."""
    return [
        None
        if point.value is None
        else (round(100 * across(number, len(points))), BOTTOM - (BOTTOM - TOP) * point.value / most)
        for number, point in enumerate(points)
    ]


def _frame() -> str:
    return f'<path d="M0 {svg.plain(BOTTOM)}h10000" {svg.FAINT} vector-effect="non-scaling-stroke"/>'


def _versions(points: tuple[Point, ...]) -> str:
    """A dashed upright line before each run that another perfkit made."""
    places = (across(number - 0.5, len(points)) for number, point in enumerate(points) if point.marked)
    data = "".join(f"M{round(100 * place)} 4V{svg.plain(BOTTOM)}" for place in places)
    dashed = 'stroke="currentColor" stroke-opacity=".6" stroke-dasharray="3 3"'
    return f'<path d="{data}" {dashed} vector-effect="non-scaling-stroke"/>' if data else ""


def _line(places: list[tuple[int, float] | None]) -> Iterator[str]:
    """The line, interrupted where nothing was measured, and a dot for each run."""
    data, dots, joined = "", "", False
    for place in places:
        if place is not None:
            at = f"{place[0]} {svg.plain(place[1])}"
            data += f"{'L' if joined else 'M'}{at}"
            dots += f"M{at}h0"  # of no length: its round ends are the dot, which stretching leaves round
        joined = place is not None
    fixed = 'vector-effect="non-scaling-stroke"'
    yield f'<path d="{data}" stroke="{svg.BLUE}" stroke-width="1.5" {fixed}/>'
    yield f'<path d="{dots}" stroke="{svg.BLUE}" stroke-width="5" stroke-linecap="round" {fixed}/>'


def _revisions(points: tuple[Point, ...]) -> str:
    """The newest revision, the oldest, and those between that have room; each where it first stands."""
    count = len(points)
    firsts = [
        n for n in range(count) if points[n].label and (n == 0 or points[n].label != points[n - 1].label)
    ]
    kept: list[int] = []
    for number in (*firsts[-1:], *firsts[:-1]):
        if all(abs(across(number, count) - across(other, count)) >= ROOM_OF_A_LABEL for other in kept):
            kept.append(number)
    return svg.small(_label(across(number, count), points[number].label) for number in sorted(kept))


def _label(place: float, label: str) -> str:
    anchor = "start" if place < 20 else "end" if place > 80 else "middle"
    x = 0 if place < 20 else 100 if place > 99 - LEFT else place
    return svg.text(f"{svg.plain(x)}%", BOTTOM + 15, label, anchor=anchor, size=0)
