"""A drawing board on matplotlib: points from the top left corner, the same shapes as SVG and as PNG.

Colours are those of a white page; in an SVG that is shown on its own they follow the reader's dark scheme.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from perfkit.report.drawing.matplotlib_svg import saved

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER = "#ffffff"
INK = "#1c2128"
FAINT = "#59636e"
RULE = "#dfe3e8"
GREY = "#8b939c"
PALE = "#9cc4ea"
BLUE = "#1f6fc0"
GREEN = "#1a7f4b"
VERMILION = "#d5561f"

_DARK = {
    PAPER: "#12161c",
    INK: "#e8ecf1",
    FAINT: "#a3adb8",
    RULE: "#333b45",
    PALE: "#3d618a",
    BLUE: "#58a6ff",
    GREEN: "#4ac27c",
}
_POINTS_PER_INCH = 72
_PIXELS_PER_POINT = 2
_LAYER = 2
"""One for all shapes: what is drawn later lies above."""

_NARROWEST = 0.25
"""Hardly any letter is narrower than this part of its size: longer texts need not be measured."""

_NUMBER = re.compile(r"(\d+\.\d\d)\d+")
_TAG = re.compile(r"<[^>]*>")


class Canvas:
    """``width`` x ``height`` points. Draw inside ``matplotlib_svg.drawing``."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure = Figure(figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()
        self.rectangle(0, 0, width, height, PAPER)

    def rectangle(self, x: float, y: float, width: float, height: float, fill: str, **style: Any) -> None:
        """A filled rectangle; ``style`` as matplotlib's patches take it."""
        from matplotlib.patches import Rectangle

        options: dict[str, Any] = {
            "facecolor": fill,
            "edgecolor": "none",
            "linewidth": 0,
            "zorder": _LAYER,
            **style,
        }
        self.axes.add_patch(Rectangle((x, y), width, height, **options))

    def rectangles(
        self, places: Sequence[tuple[float, float, float, float]], fill: str, **style: Any
    ) -> None:
        """Many (x, y, width, height) as one shape, so that thousands stay small."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        corners, codes = [], []
        for x, y, width, height in places:
            corners += [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
            codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        if corners:
            options: dict[str, Any] = {
                "facecolor": fill,
                "edgecolor": "none",
                "linewidth": 0,
                "zorder": _LAYER,
                **style,
            }
            self.axes.add_patch(PathPatch(Path(corners, codes), **options))

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, width: float = 1.0, **style: Any
    ) -> None:
        """A line through ``points``."""
        from matplotlib.lines import Line2D

        xs, ys = zip(*points, strict=True)
        self.axes.add_line(
            Line2D(xs, ys, color=colour, linewidth=width, solid_joinstyle="round", zorder=_LAYER, **style)
        )

    def dot(self, x: float, y: float, colour: str, marker: str = "o", size: float = 6) -> None:
        """A mark at one place."""
        from matplotlib.lines import Line2D

        self.axes.add_line(
            Line2D([x], [y], color=colour, marker=marker, markersize=size, linestyle="none", zorder=_LAYER)
        )

    def text(
        self,
        x: float,
        y: float,
        content: str,
        *,
        size: float = 10.5,
        colour: str = INK,
        anchor: str = "left",
        bold: bool = False,
    ) -> None:
        """One line with its baseline at ``y``, as it is: no formula is read out of it."""
        weight = "bold" if bold else "normal"
        self.axes.text(
            x,
            y,
            content,
            fontsize=size,
            color=colour,
            ha=anchor,
            va="baseline",
            weight=weight,
            parse_math=False,
            zorder=_LAYER,
        )

    def saved(self, kind: str, label: str) -> bytes:
        """The bytes of "svg" or "png". ``label`` describes it to who cannot see it."""
        if kind == "png":
            return saved(self.figure, kind, dpi=_POINTS_PER_INCH * _PIXELS_PER_POINT)
        return _standalone(saved(self.figure, kind).decode(), label).encode()


def width_of(content: str, size: float, *, bold: bool = False) -> float:
    """How many points ``content`` is wide in DejaVu Sans; Verdana is as wide."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(content, font, ismath=False)[0])


def fits(content: str, width: float, size: float, *, bold: bool = False) -> str:
    """``content`` cut to ``width`` points."""
    most = max(1, int(width / (size * _NARROWEST)))
    if len(content) <= most and width_of(content, size, bold=bold) <= width:
        return content
    # the longest beginning that fits with the dots behind it
    room = bisect.bisect_right(
        range(1, min(most, len(content)) + 1),
        width,
        key=lambda length: width_of(f"{content[:length]}…", size, bold=bold),
    )
    return f"{content[:room].rstrip()}…"


def wrapped(content: str, width: float, size: float, lines: int) -> list[str]:
    """``content``, bold, in at most ``lines`` lines of ``width`` points; the last one is cut."""
    found = [""]
    words = content.split()
    for number, word in enumerate(words):
        longer = f"{found[-1]} {word}".strip()
        if width_of(longer, size, bold=True) <= width:
            found[-1] = longer
        elif len(found) == lines:
            found[-1] = " ".join([found[-1], *words[number:]])
            break
        else:
            found.append(word)
    return [fits(line, width, size, bold=True) for line in found]


def _standalone(drawing: str, label: str) -> str:
    """With a title for screen readers, fonts that are everywhere, and colours for the dark."""
    rules = "".join(
        f'[style*="{name}: {light}"]{{{name}:{dark}!important}}'
        for light, dark in _DARK.items()
        for name in ("fill", "stroke")
    )
    head = f"<title>{escape(label)}</title><style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    begin = drawing.index(">", drawing.index("<svg")) + 1
    drawing = drawing[: begin - 1] + ' role="img">' + head + drawing[begin:]
    drawing = _TAG.sub(lambda tag: _NUMBER.sub(r"\1", tag[0]), drawing)
    return drawing.replace("'DejaVu Sans'", "'DejaVu Sans', Verdana, sans-serif")
