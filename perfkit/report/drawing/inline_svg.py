"""Matplotlib's SVG made fit for a page: no style sheet or metadata, its own ids, the page's text colour."""

from __future__ import annotations

import re

SENTINEL = "#010203"
"""A colour nobody draws with; it becomes ``currentColor``, so that the drawing follows light and dark."""

_PROLOGUE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL
)
_TAG = re.compile(r"<[^>]*>")
_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(href="#|url\(#)([^")]*)')
_NUMBER = re.compile(r"(\d+\.\d\d)\d*")
_NO_TURN = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_WASTE = (
    (re.compile(r'<path [^>]*z\s*" fill="none"/>'), ""),
    (re.compile(r"<g>\s*</g>|<defs>\s*</defs>"), ""),
    (re.compile(r"\s*\n\s*"), " "),
    (re.compile(r"> <"), "><"),
)
"""What draws nothing: invisible areas, empty groups, white space."""

_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_DROPPED = ("font-family", "font-stretch", "font-style", "font-variant")


def inline(drawing: str, prefix: str, label: str) -> str:
    """``drawing`` as an element of a page. ``prefix`` makes its ids unique; ``label`` must be escaped.

    >>> inline('<svg viewBox="0 0 4 3"><g id="a" style="fill: #010203"/></svg>', "p", "x").split(">")[1]
    '<g fill="currentColor"/'
    """
    drawing = _PROLOGUE.sub("", drawing)
    used: dict[str, str] = {}
    for tag in _TAG.findall(drawing):
        for _, name in _REFERENCE.findall(tag):
            used.setdefault(name, f"{prefix}-{len(used)}")
    # tag by tag, so that no text of the drawing is taken for an attribute
    drawing = _TAG.sub(lambda tag: _cleaned(tag[0], used), drawing)
    for pattern, shorter in _WASTE:
        drawing = pattern.sub(shorter, drawing)
    return re.sub(r"<svg [^>]*>", lambda tag: _root(tag[0], label), drawing.strip(), count=1)


def _cleaned(tag: str, used: dict[str, str]) -> str:
    """One tag: its style as attributes, its ids its own, its numbers short."""
    tag = _NO_TURN.sub("", _STYLE.sub(_attributes, tag)).replace(SENTINEL, "currentColor")
    tag = _NUMBER.sub(lambda found: found[1].rstrip("0").rstrip("."), tag)
    tag = _ID.sub(lambda found: f' id="{used[found[1]]}"' if found[1] in used else "", tag)
    return _REFERENCE.sub(lambda found: found[1] + used[found[2]], tag).replace("xlink:href", "href")


def _attributes(style: re.Match[str]) -> str:
    """The declarations of a ``style`` as presentation attributes; fonts are left to the page."""
    shown = ""
    for declaration in style[1].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            found = re.search(r"([\d.]+)px", value)
            name, value = "font-size", found[1] if found else "10"
        if name and name not in _DROPPED:
            shown += f' {name}="{value}"'
    return shown


def _root(tag: str, label: str) -> str:
    box = _VIEW_BOX.search(tag)
    width, height = (box[1], box[2]) if box else ("400", "300")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{label}" '
        'font-family="system-ui, sans-serif" stroke-linejoin="round" stroke-linecap="butt">'
    )
