"""The few SVG elements that bars and waterfalls are drawn with.

Everything is a presentation attribute: pages are also read where style sheets are forbidden. Horizontal
places are per cent and text has a fixed size, so a drawing is readable at any width without scaling.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

BLUE = "#2a78bd"
GREY = "#7d8590"
VERMILION = "#d5561f"
"""Told apart by every kind of colour vision; each at least 3:1 on the light and the dark page."""

AXIS_HEIGHT = 22
LEAST = 0.15
"""Narrower bars, in per cent of the drawing, could not be seen."""


def text(
    x: str, y: float, content: str, *, anchor: str = "start", size: int = 12, attributes: str = ""
) -> str:
    """A line of text; ``content`` is escaped."""
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    more = f" {attributes}" if attributes else ""
    return f'<text x="{x}" y="{plain(y)}" font-size="{size}"{end}{more}>{escape(content)}</text>'


def bar(
    start: float, end: float, y: float, height: float, *, least: float = LEAST, attributes: str = ""
) -> str:
    """A rectangle from ``start`` to ``end`` per cent, at least ``least`` wide so that it can be seen."""
    start, width = _seen(start, end, least)
    more = f" {attributes}" if attributes else ""
    return (
        f'<rect x="{plain(start)}%" y="{plain(y)}" width="{plain(width)}%" height="{plain(height)}"{more}/>'
    )


def bars(places: Iterable[tuple[float, float, float]], height: float, attributes: str) -> str:
    """Rectangles of one height as one path; each from, to (per cent) and y. Takes a third of their bytes.

    A path knows no per cent, so it is drawn in hundredths of them and stretched to the width of the drawing.
    """
    path, bottom = "", 0.0
    for start, end, y in places:
        left, width = (round(100 * number) for number in _seen(start, end, LEAST))
        path += f"M{left} {plain(y)}h{width}v{plain(height)}h-{width}z"
        bottom = max(bottom, y + height)
    box = f'width="100%" height="{plain(bottom)}" viewBox="0 0 10000 {plain(bottom)}"'
    return (
        f'<svg {box} preserveAspectRatio="none" overflow="visible">'
        f'<path d="{path}" {attributes} vector-effect="non-scaling-stroke"/></svg>'
    )


def _seen(start: float, end: float, least: float) -> tuple[float, float]:
    """Start and width of what must be seen however short it is, and stay on the drawing."""
    width = max(end - start, least)
    return min(start, 100 - width), width


def line(x1: float, x2: float, y1: float, y2: float, attributes: str = "") -> str:
    """A line between two places, x in per cent."""
    more = f" {attributes}" if attributes else ""
    return f'<line x1="{plain(x1)}%" x2="{plain(x2)}%" y1="{plain(y1)}" y2="{plain(y2)}"{more}/>'


def grid(marks: Iterable[tuple[float, str]], top: float, bottom: float) -> str:
    """Faint upright lines from ``top`` to ``bottom`` at each tick."""
    lines = "".join(line(place, place, top, bottom) for place, _ in marks)
    return f'<g stroke="currentColor" stroke-opacity=".18">{lines}</g>'


def labels(marks: Iterable[tuple[float, str]], bottom: float) -> Iterable[str]:
    """The labels of the ticks below ``bottom``; one that would touch the label before it is left out."""
    free_from = -100.0
    for place, label in marks:
        if place < free_from:
            continue
        anchor = "start" if place < 4 else "end" if place > 94 else "middle"
        yield text(
            f"{plain(place)}%", bottom + 14, label, anchor=anchor, size=11, attributes='fill-opacity=".8"'
        )
        free_from = place + 11


def hatch(identity: str, colour: str) -> str:
    """A pattern of slanted lines, to tell bars apart without colour."""
    return (
        f'<pattern id="{identity}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="6" height="6" fill="{colour}" fill-opacity=".25"/>'
        f'<rect width="2.5" height="6" fill="{colour}"/></pattern>'
    )


def drawing(parts: Iterable[str], height: float, label: str) -> str:
    """The parts as one ``<svg>`` of full width."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{plain(height)}" role="img" '
        f'aria-label="{escape(label)}" fill="currentColor" font-family="system-ui, sans-serif">'
        f"{''.join(parts)}</svg>"
    )


def plain(value: float) -> str:
    """A number in as few characters as two decimals need.

    >>> plain(12.5), plain(3.0), plain(0.1234)
    ('12.5', '3', '0.12')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")
