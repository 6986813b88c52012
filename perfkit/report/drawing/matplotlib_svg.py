"""What all pictures of matplotlib share: settings that no user's matplotlibrc changes, and the same bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perfkit.errors import MissingExtraError
from perfkit.report.drawing.inline_svg import SENTINEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "perfkit",
    "font.size": 11,
    "font.family": "DejaVu Sans",
    "path.simplify": False,
}
_COLOURED: tuple[Any, ...] = (
    "text.color",
    "axes.edgecolor",
    "axes.labelcolor",
    "xtick.color",
    "ytick.color",
    "grid.color",
)
_INK = "#1c2128"


@contextmanager
def drawing(kind: str, what: str) -> Iterator[None]:
    """Draw inside this: ``kind`` is "svg" (texts in the page's colour) or "png".

    Raises MissingExtraError for ``what`` ("the growth chart") without matplotlib.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtraError(what, "matplotlib", "report") from error
    with mpl.rc_context(), warnings.catch_warnings():
        # a name in letters that the font lacks is drawn as boxes in a PNG; an SVG has the reader's fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        colour = SENTINEL if kind == "svg" else _INK
        mpl.rcParams.update({**_SETTINGS, **dict.fromkeys(_COLOURED, colour)})
        yield


def saved(figure: Figure, kind: str, *, dpi: int = 150) -> bytes:
    """The bytes of a figure, without date or version; ``dpi`` are the dots per inch of a PNG."""
    out = io.BytesIO()
    if kind == "svg":
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    else:
        figure.savefig(out, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    return out.getvalue()
