"""The colour of each kind of span, on the canvas of all spans and in its legend."""

from __future__ import annotations

from perfkit.report.drawing.svg import BLUE
from perfkit.report.view.spans import TOGETHER

COLOURS = {
    "request": BLUE,
    "query": "#218358",
    "transaction": "#5d7f1e",
    "connect": "#9456c0",
    "wait": "#6e7681",
    "blocked": "#c04a17",
    "span": "#a06a00",
    TOGETHER: "#8b6f63",
}
"""At least 3:1 on the light and the dark page, and white text on each can be read."""


def colour_of(kind: str) -> str:
    """The colour of a kind; one that is not known has that of an application's own spans."""
    return COLOURS.get(kind, COLOURS["span"])
