"""``perfkit run``: trace a program, show what it waits for, pass its exit code through."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from perfkit import config
from perfkit.cli.bench import check_output, keep
from perfkit.cli.show import notes
from perfkit.errors import UsageError
from perfkit.model import Run, Trace

COMMAND_MARK = "perfkit.command"


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
        elif word == "-m":
            return min(place + 2, len(args))
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
@click.option("--report/--no-report", default=True, help="Write the HTML report beside the run.")
@click.argument("target", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
@click.pass_context
def command(
    ctx: click.Context,
    output: Path | None,
    force: bool,
    module: str | None,
    report: bool,
    target: tuple[str, ...],
) -> int:
    """Trace a Python program: its requests, who makes them, and what to change.

    The program keeps its arguments, stdin, stdout, exit code and signals. Findings go to stderr.
    """
    from perfkit.launcher.parent import record_program

    arguments = _arguments(module, target, bool(ctx.meta[COMMAND_MARK]))
    settings = config.load()
    if output is not None:
        check_output(output, force)
    recorded = record_program(arguments)
    if recorded.trace is None:
        notes().print(
            "perfkit: nothing was recorded: the program is not Python, perfkit is not installed in its "
            "environment, or it was killed",
            markup=False,
        )
        return recorded.exit_code
    run = _as_run(recorded.trace, arguments, settings.root)
    _show(run)
    for problem in keep(run, output, settings.folder("reports"), report):
        notes().print(f"perfkit: {problem}", markup=False)
    return recorded.exit_code


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


def _as_run(trace: Trace, arguments: list[str], folder: Path) -> Run:
    from perfkit import __version__
    from perfkit.bench.environment import describe_machine
    from perfkit.model import pack
    from perfkit.rules import check

    machine = describe_machine(folder)
    machine.real_ns = trace.duration_ns
    return Run(
        kind="trace",
        clock=trace.clock,
        seed=0,
        machine=machine,
        perfkit=__version__,
        command=[
            "perfkit",
            "run",
            *(Path(word).name if word == sys.executable else word for word in arguments),
        ],
        trace=pack(trace),
        findings=check(trace),
        warnings=trace.warnings,
    )


def _show(run: Run) -> None:
    """On stderr: stdout is the program's."""
    from perfkit.report.terminal import render_terminal

    render_terminal(run, notes())
