"""The main figure of a run, in the shape of a slide (1920 x 1080)."""

from perfkit.model import Run
from perfkit.report.drawing.overview import overview


def render(run: Run) -> bytes:
    """The file's bytes. Raises MissingExtraError without matplotlib."""
    return overview(run, kind="png")
