"""A flame graph as SVG: readable without scripts; templates/flame.js zooms by moving the same frames."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from perfkit.report.drawing import svg
from perfkit.report.view.flame import Flame, FlameFrame

ROW = 18
_GAP = 1
_NOMINAL = 1100
"""Pixels of a drawing on a wide page: what its labels are cut to fit; narrower ones clip them."""

_CHARACTER = 6.3
_LEAST_LETTERS = 3


def flame(shown: Flame, prefix: str) -> str:
    """The drawing; ``prefix`` makes its ids unique in the page. Text is escaped."""
    awaiting = any(frame.kind == "awaiting" for frame in shown.frames)
    parts = [f"<defs>{svg.hatch(f'{prefix}-wait', svg.GREY)}</defs>"] if awaiting else []
    parts.extend(_frame(frame, prefix) for frame in shown.frames)
    return svg.drawing(parts, ROW * shown.rows, shown.label)


def _frame(frame: FlameFrame, prefix: str) -> str:
    """A drawing within the drawing, so that its label is clipped to it at any width of the page."""
    place = f'x="{frame.start:g}%" y="{ROW * frame.depth}" width="{frame.width:g}%" height="{ROW - _GAP}"'
    paint, ink = _paint(frame.kind, prefix)
    return (
        f"<svg {place}><title>{escape(_title(frame))}</title>"
        f'<rect width="100%" height="100%" {paint}/>{"".join(_label(frame, ink))}</svg>'
    )


def _title(frame: FlameFrame) -> str:
    return "\n".join(filter(None, (frame.name, frame.place, frame.figures)))


def _label(frame: FlameFrame, ink: str) -> Iterable[str]:
    fits = int((frame.width * _NOMINAL / 100 - 6) / _CHARACTER)
    if fits < _LEAST_LETTERS:
        return
    words = f"{frame.name} {frame.place}".strip()
    words = words if len(words) <= fits else f"{words[: fits - 1]}…"
    if frame.kind == "awaiting":
        width = svg.plain(_CHARACTER * len(words) + 4)
        yield f'<rect x="2" y="2" width="{width}" height="13" fill="Canvas"/>'
    yield f'<text x="3" y="13"{ink}>{escape(words)}</text>'


def _paint(kind: str, prefix: str) -> tuple[str, str]:
    """How the area and the label of a kind are drawn; the label's colour is that of the page's text."""
    if kind == "application":
        return f'fill="{svg.BLUE}"', ' fill="#fff"'
    if kind == "awaiting":
        return f'fill="url(#{prefix}-wait)" stroke="{svg.GREY}"', ""
    if kind == "small":
        return f'fill="none" stroke="{svg.GREY}" stroke-dasharray="3 2"', ""
    return f'fill="{svg.BLUE}" fill-opacity=".22" stroke="{svg.BLUE}"', ""
