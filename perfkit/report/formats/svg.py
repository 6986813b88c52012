"""The main figure of a run, to be shown in a README or a page."""

from perfkit.model import Run
from perfkit.report.drawing.overview import overview


def render(run: Run) -> bytes:
    """The file's bytes. Raises MissingExtraError without matplotlib."""
    return overview(run, kind="svg")
