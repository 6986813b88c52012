"""Reports and pictures as files beside the run they show."""

from __future__ import annotations

from pathlib import Path

from perfkit.model.run import Run
from perfkit.model.storage import write_atomic
from perfkit.report.formats.html import render_html


def write_report(run: Run, stored: Path) -> Path:
    """Write the HTML report of ``run`` beside ``stored``, under the same name. Returns its path."""
    return write_atomic(beside(stored, ".html"), render_html(run).encode())


def write_pictures(run: Run, stored: Path) -> list[Path]:
    """Write the main figure of ``run`` beside ``stored``, as SVG and as PNG. Returns their paths.

    Raises MissingExtraError without matplotlib.
    """
    from perfkit.report.drawing.overview import overview

    return [write_atomic(beside(stored, f".{kind}"), overview(run, kind=kind)) for kind in ("svg", "png")]


def beside(stored: Path, suffix: str) -> Path:
    """``run.json.gz`` with another ending.

    >>> beside(Path("reports/run.json.gz"), ".html").name
    'run.html'
    """
    name = stored.name.removesuffix(".gz").removesuffix(".json")
    return stored.with_name(name + suffix)
