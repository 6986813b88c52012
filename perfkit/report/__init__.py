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
    """Where a format's renderer lives, how its files end, and whether it is meant for stdout."""

    module: str
    suffix: str
    to_stdout: bool = False

    def renderer(self) -> Callable[[Run], bytes]:
        """The function that renders. Raises MissingExtraError when its packages are not installed."""
        return cast("Callable[[Run], bytes]", importlib.import_module(self.module).render)


FORMATS: dict[str, Format] = {
    "html": Format("perfkit.report.formats.html", ".html"),
    "text": Format("perfkit.report.formats.text", ".txt", to_stdout=True),
    "md": Format("perfkit.report.formats.markdown", ".md"),
    "json": Format("perfkit.report.formats.json", ".json"),
    "sarif": Format("perfkit.report.formats.sarif", ".sarif"),
    "junit": Format("perfkit.report.formats.junit", ".xml"),
    "github": Format("perfkit.report.formats.github", ".txt", to_stdout=True),
    "otlp": Format("perfkit.report.formats.otlp", ".otlp"),
}
"""Name of each format. Adding one is one file and one line here."""


def render(run: Run, name: str) -> bytes:
    """``run`` in the format of that name. Raises UnknownNameError with the nearest ones."""
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    return FORMATS[name].renderer()(run)
