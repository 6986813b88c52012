"""Reports: one view of a stored run, rendered in several formats. Imports no renderer until it is asked for.

A format is a module with ``render(run) -> bytes``, named in ``FORMATS``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import NamedTuple, cast

from perfkit.errors import UnknownNameError
from perfkit.model import Run


class Format(NamedTuple):
    """Where a format's renderer lives, how its files end, and whether it is meant for stdout.

    ``recordings``: it shows recordings and profiles, and nothing of a run that has none. ``picture``: it
    draws a part of the run, and is no text.
    """

    module: str
    suffix: str
    to_stdout: bool = False
    recordings: bool = False
    picture: bool = False

    def renderer(self) -> Callable[[Run], bytes]:
        """The function that renders. Raises MissingExtraError when its packages are not installed."""
        return cast("Callable[[Run], bytes]", importlib.import_module(self.module).render)


FORMATS: dict[str, Format] = {
    "html": Format("perfkit.report.formats.html", ".html"),
    "text": Format("perfkit.report.formats.text", ".txt", to_stdout=True),
    "md": Format("perfkit.report.formats.markdown", ".md"),
    "json": Format("perfkit.report.formats.json", ".json"),
    "svg": Format("perfkit.report.formats.svg", ".svg", picture=True),
    "png": Format("perfkit.report.formats.png", ".png", picture=True),
    "sarif": Format("perfkit.report.formats.sarif", ".sarif"),
    "junit": Format("perfkit.report.formats.junit", ".xml"),
    "github": Format("perfkit.report.formats.github", ".txt", to_stdout=True),
    "gitlab": Format("perfkit.report.formats.gitlab", ".codequality"),
    "openmetrics": Format("perfkit.report.formats.openmetrics", ".prom"),
    "csv": Format("perfkit.report.formats.csv", ".csv"),
    "otlp": Format("perfkit.report.formats.otlp", ".otlp", recordings=True),
    "chrome": Format("perfkit.report.formats.chrome", ".chrome", recordings=True),
    "speedscope": Format("perfkit.report.formats.speedscope", ".speedscope", recordings=True),
}
"""Name of each format. Adding one is one file and one line here."""

OF_RESULTS = tuple(name for name, form in FORMATS.items() if not (form.recordings or form.picture))
"""The texts that show what was found in a run without recordings: of a gate, a comparison or a search."""


def render(run: Run, name: str) -> bytes:
    """``run`` in the format of that name. Raises UnknownNameError with the nearest ones."""
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name].renderer()(run)
