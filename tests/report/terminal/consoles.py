"""Consoles to test reports with: a width and an encoding."""

import io

from rich.console import Console

from perfkit.report.terminal.terminal import render_terminal


class Stream(io.StringIO):
    def __init__(self, encoding="utf-8"):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self):
        return self._encoding


def console_of(*, width=80, encoding="utf-8", **options):
    return Console(file=Stream(encoding), width=width, highlight=False, **options)


def shown(run, **options):
    """The report of a run as text."""
    console = console_of(**options)
    render_terminal(run, console)
    return console.file.getvalue()
