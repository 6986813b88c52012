"""Consoles, progress and lists of names: what several verbs need to show things."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from perfkit.model.run import Run

    NamesType = click.ParamType[tuple[str, ...]]
    NumbersType = click.ParamType[tuple[int, ...]]
    DurationType = click.ParamType[int]
else:  # generic only from click 8.3 on
    NamesType = NumbersType = DurationType = click.ParamType

PIPE_WIDTH = 80
"""Columns of what goes to a pipe or a file, unless COLUMNS says otherwise."""

BAR_AFTER_S = 1.0
"""Work shorter than this shows no bar."""


class _Results(Console):
    def on_broken_pipe(self) -> None:
        """The entry point ends quietly; rich would end with 1, which means that something went wrong."""
        raise BrokenPipeError


def results() -> Console:
    """Where results go. No colour off a terminal; NO_COLOR and FORCE_COLOR are respected."""
    return _Results(file=sys.stdout, width=_width(sys.stdout), highlight=False, soft_wrap=False)


def print_run(run: Run, form: str = "text") -> None:
    """Show ``run`` on stdout; as text it has the width and the colours of the terminal."""
    if form == "text":
        from perfkit.report.terminal.terminal import render_terminal

        render_terminal(run, results())
        return
    from perfkit.report import render

    click.echo(render(run, form), nl=False)


def notes() -> Console:
    """Where everything else goes."""
    return Console(file=sys.stderr, width=_width(sys.stderr), highlight=False, soft_wrap=True)


def _width(stream: TextIO) -> int | None:
    """None lets rich find out; in a pipe it would take the width of whatever terminal is near."""
    return None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH


class Bar:
    """A progress bar on stderr, if that is a terminal and the work takes longer than a second."""

    def __init__(self, label: str) -> None:
        self._console = Console(file=sys.stderr)
        self._progress: Progress | None = None
        self._label = label
        self._started = time.monotonic()

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` steps are done."""
        if self._progress is None:
            if not self._console.is_terminal or time.monotonic() - self._started < BAR_AFTER_S:
                return
            columns = (TextColumn(self._label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            self._task = self._progress.add_task(self._label, total=total)
            self._progress.start()
        self._progress.update(self._task, completed=done)


class Names(NamesType):
    """``A,B``: names separated by commas."""

    name = "A,B"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The names, each once, without blanks around them."""
        if isinstance(value, tuple):
            return value
        return tuple(dict.fromkeys(part.strip() for part in str(value).split(",") if part.strip()))


class Numbers(NumbersType):
    """``20,200``: whole numbers separated by commas."""

    name = "N,N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """The numbers; an empty text means none."""
        if value == "":
            return ()
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is no whole number, nor several separated by commas", param, ctx)


class Duration(DurationType):
    """``200ms``, ``1.5s``, ``50us``: a duration, as nanoseconds."""

    name = "DURATION"
    units = (("ms", 1_000_000), ("us", 1_000), ("ns", 1), ("s", 1_000_000_000))

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds; a bare number has no unit and is refused."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        for unit, factor in self.units:
            if text.endswith(unit):
                try:
                    number = float(text.removesuffix(unit))
                except ValueError:
                    break
                if 0 <= number < float("inf"):
                    return round(number * factor)
        return self.fail(f"{value!r} is no duration; write 200ms, 1.5s or 50us", param, ctx)
