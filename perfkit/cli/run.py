"""``perfkit run``: trace a program, show what it waits for, pass its exit code through."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit import config
from perfkit.cli.bench import check_output, keep
from perfkit.cli.show import notes
from perfkit.errors import MissingExtraError, UsageError
from perfkit.model import CellCost, Run, Trace
from perfkit.model.plain import text

if TYPE_CHECKING:
    from perfkit.launcher.parent import Recorded

MAX_KEPT_SPANS = 1_000_000
"""Findings come from all spans, and so many of them are stored: some hundred megabytes before compression."""

COMMAND_MARK = "perfkit.command"

NOTHING_RECORDED = (
    "perfkit: nothing was recorded: the program is not Python, perfkit is not installed in its "
    "environment, Python was told to ignore that (-I, -E, -S), or it was killed"
)


class _Target(click.Command):
    """Leaves the target's own words alone: what follows SCRIPT, ``-m MODULE`` or ``--`` is not for click."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether ``--`` came first, since click drops it, and end our options after MODULE."""
        end = _end_of_options(args)
        ctx.meta[COMMAND_MARK] = args[end : end + 1] == ["--"]
        ours, theirs = args[:end], args[end:]
        return super().parse_args(ctx, ours if not theirs else [*ours, "--", *theirs[theirs[0] == "--" :]])


def _end_of_options(args: list[str]) -> int:
    """Where our own options end: at ``--``, at the script, or behind the module."""
    place = 0
    while place < len(args):
        word = args[place]
        if word in ("-o", "--output"):
            place += 2
        elif word.startswith("-m"):
            return min(place + (2 if word == "-m" else 1), len(args))
        elif word == "--" or not word.startswith("-"):
            return place
        else:
            place += 1
    return len(args)


@click.command(
    "run",
    cls=_Target,
    context_settings={"allow_interspersed_args": False},
    options_metavar="[-o RUN] [-m MODULE | SCRIPT | -- COMMAND]",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Store the run here (.json or .json.gz)."
)
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("-m", "module", metavar="MODULE", help="Run a module, as python -m does.")
@click.option("--cpu", is_flag=True, help="Profile the program's main thread, too (pyinstrument).")
@click.option("--memory", is_flag=True, help="Profile its memory, too (memray, tracemalloc).")
@click.option("--explain", is_flag=True, help="Ask SQLite and PostgreSQL for the plan of each SELECT, once.")
@click.option("--report/--no-report", default=True, help="Write the HTML report beside the run.")
@click.argument("target", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
@click.pass_context
def command(
    ctx: click.Context,
    output: Path | None,
    force: bool,
    module: str | None,
    cpu: bool,
    memory: bool,
    explain: bool,
    report: bool,
    target: tuple[str, ...],
) -> int:
    """Trace a Python program: its queries and requests, who makes them, and what to change.

    Profiles slow a program down: its times are then not those it has without. The program keeps its
    arguments, stdin, stdout, exit code and signals. Findings go to stderr.
    """
    from perfkit.launcher.parent import record_program

    arguments = _arguments(module, target, bool(ctx.meta[COMMAND_MARK]))
    settings = config.load()
    if output is not None:
        check_output(output, force)
    if cpu and memory:
        raise UsageError("--cpu and --memory disturb each other: run the program once with each")
    if cpu and importlib.util.find_spec("pyinstrument") is None:
        raise MissingExtraError("perfkit run --cpu", "pyinstrument", "profile")
    recorded = record_program(
        arguments, profile="cpu" if cpu else "memory" if memory else "", explain=explain
    )
    try:
        if recorded.trace is None:
            notes().print(NOTHING_RECORDED, markup=False)
            return recorded.exit_code
        run = _as_run(recorded, recorded.trace, arguments, settings)
        problems = keep(run, output, settings.folder("reports"), report)  # first: stderr may be closed
        _show(run)
        for problem in problems:
            notes().print(f"perfkit: {problem}", markup=False)
    except (Exception, SystemExit) as error:
        # How the program ended is what the caller must learn. SystemExit: rich, when stderr is a closed pipe.
        _say_lost(error)
    return recorded.exit_code


def _say_lost(error: BaseException) -> None:
    with suppress(Exception, SystemExit):
        message = f"perfkit: the recording could not be kept or shown: {type(error).__name__}: {error}"
        notes().print(text(message), markup=False)


def _arguments(module: str | None, target: tuple[str, ...], is_command: bool) -> list[str]:
    if module is not None:
        return [sys.executable, "-m", module, *target]
    if not target:
        raise UsageError("name a SCRIPT, -m MODULE, or -- COMMAND; see perfkit run --help")
    if is_command:
        return list(target)
    if not Path(target[0]).exists():
        raise UsageError(
            f"there is no script {target[0]!r}; for a command write: perfkit run -- {target[0]} ..."
        )
    return [sys.executable, *target]


def _shown(arguments: list[str]) -> list[str]:
    """What was run, without its own arguments: they may hold passwords."""
    words = arguments[1:] if arguments[0] == sys.executable else arguments
    program = words[:2] if words[:1] == ["-m"] else words[:1]
    rest = len(words) - len(program)
    return [text(word) for word in program] + ([f"(and {rest} arguments)"] if rest else [])


def _as_run(recorded: Recorded, trace: Trace, arguments: list[str], settings: config.Config) -> Run:
    from perfkit import __version__
    from perfkit.bench.environment import describe_machine
    from perfkit.model import pack
    from perfkit.report.view.bound_by import PROGRAM
    from perfkit.report.view.headline import ENDED
    from perfkit.rules import Limits, check, check_allowed

    machine, limits = describe_machine(settings.root), Limits.of(settings)
    machine.real_ns = trace.duration_ns
    machine.costs = [CellCost("", "", PROGRAM, 0, recorded.computing_ns, trace.duration_ns)]
    ending = f"{ENDED}{recorded.exit_code}"
    return Run(
        kind="trace",
        clock=trace.clock,
        seed=0,
        machine=machine,
        perfkit=__version__,
        command=["perfkit", "run", *_shown(arguments)],
        trace=pack(trace, limit=MAX_KEPT_SPANS),
        findings=check(trace, limits),
        profiles=recorded.profiles,
        interrupted=recorded.cut,
        warnings=[
            *trace.warnings,
            *check_allowed(trace, limits).stale,
            *([ending] if recorded.exit_code else []),
        ],
    )


def _show(run: Run) -> None:
    """On stderr: stdout is the program's."""
    from perfkit.report.terminal.terminal import render_terminal

    render_terminal(run, notes())
