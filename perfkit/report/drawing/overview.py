"""The main figure of a run, for a README or a slide: bars beside the calls behind them; by matplotlib.

As SVG it is one column, made for the width of a README. As PNG it has the shape of a slide (16:9), and
four scenarios stand two by two.
"""

from __future__ import annotations

from perfkit.model import Run
from perfkit.report.drawing import canvas, overview_charts
from perfkit.report.drawing.canvas import FAINT, GREEN, RULE, VERMILION, Canvas
from perfkit.report.drawing.matplotlib_svg import drawing
from perfkit.report.view.overview.parts import Curves, Figure, Lanes, Panel
from perfkit.report.view.overview.whole import figure_of

WIDTH = 960.0
"""Points. A PNG has two pixels for each: 1920 x 1080."""

SLIDE_HEIGHT = 540.0

_MARGIN = 32.0
_GUTTER = 40.0
_HEAD = 46.0
_FOOT = 34.0
_OUTCOME = {"PASS": GREEN, "FAIL": VERMILION}


def overview(run: Run, *, kind: str = "svg") -> bytes:
    """The figure as "svg" or "png". Raises MissingExtraError without matplotlib.

    A tuning is drawn as its heat map.
    """
    if run.tunings and run.gate is None and run.tunings[0].points:
        from perfkit.report.drawing.heatmap import heat_map

        return heat_map(run.tunings[0], kind=kind)
    figure = figure_of(run)
    with drawing(kind, "the main figure"):
        board = _slide(figure) if kind == "png" else _column(figure)
        return board.saved(kind, f"{figure.outcome}: {figure.title}")


def _column(figure: Figure) -> Canvas:
    """As high as its panels need."""
    titled = canvas.wrapped(figure.title, _title_width(figure), 15, 2)
    top = _MARGIN + 14 + 20 * len(titled)
    heights = [_HEAD + overview_charts.height(panel.charts) + 26 for panel in figure.panels]
    board = Canvas(WIDTH, top + sum(heights) + _FOOT + 8)
    _title(board, figure, titled)
    for panel, height in zip(figure.panels, heights, strict=True):
        _panel(board, panel, _MARGIN, top, WIDTH - 2 * _MARGIN, height - 26)
        top += height
    _footer(board, figure, top + 20)
    return board


def _slide(figure: Figure) -> Canvas:
    """16:9; one or two panels below each other, more of them two by two."""
    board = Canvas(WIDTH, SLIDE_HEIGHT)
    titled = canvas.wrapped(figure.title, _title_width(figure), 15, 2)
    _title(board, figure, titled)
    top = _MARGIN + 14 + 20 * len(titled)
    columns = 1 if len(figure.panels) < 3 else 2
    rows = -(-len(figure.panels) // columns) or 1
    width = (WIDTH - 2 * _MARGIN - _GUTTER * (columns - 1)) / columns
    height = (SLIDE_HEIGHT - top - _FOOT) / rows
    for number, panel in enumerate(figure.panels):
        row, column = divmod(number, columns)
        x = _MARGIN + column * (width + _GUTTER)
        _panel(board, panel, x, top + row * height, width, height - 16)
    _footer(board, figure, SLIDE_HEIGHT - 16)
    return board


def _title_width(figure: Figure) -> float:
    return WIDTH - 2 * _MARGIN - _badge(figure)


def _badge(figure: Figure) -> float:
    return 12 + canvas.width_of(figure.outcome, 15, bold=True)


def _title(board: Canvas, figure: Figure, lines: list[str]) -> None:
    colour = _OUTCOME.get(figure.outcome, FAINT)
    board.text(_MARGIN, _MARGIN + 10, figure.outcome, size=15, colour=colour, bold=True)
    for number, line in enumerate(lines):
        board.text(_MARGIN + _badge(figure), _MARGIN + 10 + 20 * number, line, size=15, bold=True)


def _footer(board: Canvas, figure: Figure, y: float) -> None:
    right = figure.note
    width = WIDTH - 2 * _MARGIN - canvas.width_of(right, 9) - 12
    board.text(_MARGIN, y, canvas.fits(figure.footer, width, 9), size=9, colour=FAINT)
    if right:
        board.text(WIDTH - _MARGIN, y, right, size=9, colour=FAINT, anchor="right")


def _panel(board: Canvas, panel: Panel, x: float, y: float, width: float, height: float) -> None:
    board.line([(x, y), (x + width, y)], RULE)
    board.text(x, y + 19, canvas.fits(panel.heading, width, 11.5, bold=True), size=11.5, bold=True)
    board.text(x, y + 34, canvas.fits(panel.place, width, 9.5), size=9.5, colour=FAINT)
    if not panel.charts:
        return
    narrow = width < WIDTH / 2
    gap = 20.0 if narrow else 36.0
    share = 1.0 if len(panel.charts) == 1 else 0.6 if isinstance(panel.charts[1], Lanes | Curves) else 0.5
    first = width * share - (gap / 2 if share < 1 else 0)
    places = [(x, first), (x + first + gap, width - first - gap)]
    for chart, (left, wide) in zip(panel.charts, places, strict=False):
        overview_charts.draw(board, chart, left, y + _HEAD, wide, height - _HEAD)
