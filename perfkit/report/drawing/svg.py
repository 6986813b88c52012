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
FAINT = 'stroke="currentColor" stroke-opacity=".18"'
LEAST = 0.15
"""Narrower bars, in per cent of the drawing, could not be seen."""


def text(
    x: str, y: float, content: str, *, anchor: str = "start", size: int = 12, attributes: str = ""
) -> str:
    """A line of text; ``content`` is escaped. ``size`` 0 is that of what is around it."""
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    # a drawing's own size is 12
    height = "" if size in (0, 12) else f' font-size="{size}"'
    more = f" {attributes}" if attributes else ""
    return f'<text x="{x}" y="{plain(y)}"{height}{end}{more}>{escape(content)}</text>'


def bar(
    start: float, end: float, y: float, height: float, *, least: float = LEAST, attributes: str = ""
) -> str:
    """A rectangle from ``start`` to ``end`` per cent, at least ``least`` wide so that it can be seen."""
    start, width = _seen(start, end, least)
    more = f" {attributes}" if attributes else ""
    return (
        f'<rect x="{plain(start)}%" y="{plain(y)}" width="{plain(width)}%" height="{plain(height)}"{more}/>'
    )


Place = tuple[float, float, float]
"""Of a bar: from and to in per cent, and y."""


def strokes(places: Iterable[Place], thick: float, colour: str) -> str:
    """Bars of one thickness as one path for ``stretched``: a tenth of the bytes of rectangles."""
    data, at = "", (0, 0.0)
    for start, end, y in places:
        left, width = (round(100 * number) for number in _seen(start, end, LEAST))
        middle = round(y + thick / 2, 2)
        data += f"m{left - at[0]} {plain(middle - at[1])}h{width}"
        at = (left + width, middle)
    return _path(data, f'stroke="{colour}" stroke-width="{plain(thick)}"')


def outlines(places: Iterable[Place], height: float, colour: str) -> str:
    """The same as empty frames."""
    data, at = "", (0, 0.0)
    for start, end, y in places:
        left, width = (round(100 * number) for number in _seen(start, end, LEAST))
        data += f"m{left - at[0]} {plain(y - at[1])}h{width}v{plain(height)}h-{width}z"
        at = (left, y)
    return _path(data, f'stroke="{colour}" stroke-width="1.2"')


def uprights(places: Iterable[Place], attributes: str) -> str:
    """Upright lines as one path for ``stretched``; each at (per cent), from and to (pixels)."""
    data = "".join(f"M{round(100 * x)} {plain(top)}v{plain(bottom - top)}" for x, top, bottom in places)
    return _path(data, attributes)


def _path(data: str, attributes: str) -> str:
    return f'<path d="{data}" {attributes} vector-effect="non-scaling-stroke"/>' if data else ""


def stretched(paths: Iterable[str], height: float) -> str:
    """Paths in hundredths of per cent (across) and pixels (down), as wide as the drawing.

    A path itself knows no per cent; the lines keep their thickness.
    """
    return (
        f'<svg width="100%" height="{plain(height)}" viewBox="0 0 10000 {plain(height)}" '
        f'preserveAspectRatio="none" overflow="visible" fill="none">{"".join(paths)}</svg>'
    )


def _seen(start: float, end: float, least: float) -> tuple[float, float]:
    """Start and width of what must be seen however short it is, and stay on the drawing."""
    width = max(end - start, least)
    return min(start, 100 - width), width


def line(x1: float, x2: float, y1: float, y2: float, attributes: str = "") -> str:
    """A line between two places, x in per cent."""
    more = f" {attributes}" if attributes else ""
    return f'<line x1="{plain(x1)}%" x2="{plain(x2)}%" y1="{plain(y1)}" y2="{plain(y2)}"{more}/>'


def grid(marks: Iterable[tuple[float, str]], *stretches: tuple[float, float]) -> str:
    """Faint upright lines at each tick, for each stretch from its top to its bottom; for ``stretched``."""
    ticks = [place for place, _ in marks]
    return uprights([(place, *stretch) for stretch in stretches for place in ticks], FAINT)


def labels(marks: Iterable[tuple[float, str]], bottom: float, *, room: float = 11) -> Iterable[str]:
    """The labels of the ticks below ``bottom``, at least ``room`` per cent apart: others are left out."""
    free_from, texts = -100.0, []
    for place, label in marks:
        if place < free_from:
            continue
        anchor = "start" if place < 4 else "end" if place > 94 else "middle"
        texts.append(text(f"{plain(place)}%", bottom + 14, label, anchor=anchor, size=0))
        free_from = place + room
    yield small(texts)


def small(texts: Iterable[str]) -> str:
    """Texts of size 0 as those of ticks are."""
    return f'<g font-size="11" fill-opacity=".8">{"".join(texts)}</g>'


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
        f'<svg width="100%" height="{plain(height)}" role="img" aria-label="{escape(label)}" '
        'fill="currentColor" font-size="12">'
        f"{''.join(parts)}</svg>"
    )


def plain(value: float) -> str:
    """A number in as few characters as two decimals need.

    >>> plain(12.5), plain(3.0), plain(0.1234)
    ('12.5', '3', '0.12')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")
