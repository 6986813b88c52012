"""The terminal's report as plain text, for files and pipes: a fixed width, no colour."""

from __future__ import annotations

import io

from perfkit.errors import MissingExtraError
from perfkit.model import Run
from perfkit.report.terminal.terminal import render_terminal

WIDTH = 80


def render(run: Run) -> bytes:
    """The report in UTF-8. Raises MissingExtraError without rich."""
    try:
        from rich.console import Console
    except ImportError as error:
        raise MissingExtraError("the text report", "rich", "report") from error
    out = io.BytesIO()
    file = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="\n", write_through=True)
    console = Console(file=file, width=WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    render_terminal(run, console)
    return out.getvalue()
