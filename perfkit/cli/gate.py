"""``perfkit gate``: stop a change that asks for more, or takes longer."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.github import HELP, check_github, publish
from perfkit.cli.index import refresh_after
from perfkit.cli.show import Bar, notes, print_run
from perfkit.errors import UsageError
from perfkit.report import OF_RESULTS

if TYPE_CHECKING:
    from perfkit.bench.baselines.measuring import GatePlan
    from perfkit.bench.discovery import Found
    from perfkit.model.run import Run

ALL = "all"


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line: the scenarios and the command, and how to compare them."""

    names: tuple[str, ...]
    command: tuple[str, ...]
    updates: tuple[str, ...]
    reason: str
    base: str
    self_test: bool
    budget_s: float | None
    allow_dirty: bool
    instructions: bool
    timeout_s: float | None
    workers: int | None

    @property
    def timed(self) -> bool:
        """Whether wall time is compared, and not counters."""
        return bool(self.base or self.command)

    def check(self) -> None:
        """Raise UsageError for options that contradict each other, or have no sense."""
        if self.updates and (self.timed or self.self_test or self.names):
            raise UsageError(
                "--update NAME rewrites a baseline and nothing else: use it without names, --base, "
                "--self-test and COMMAND"
            )
        if self.reason and not self.updates:
            raise UsageError("--reason goes with --update NAME")
        if not self.timed and (self.budget_s is not None or self.allow_dirty or self.instructions):
            raise UsageError("--budget, --allow-dirty and --instructions go with --base REF")
        for option, seconds in (("--budget", self.budget_s), ("--timeout", self.timeout_s)):
            if seconds is not None and not 0 < seconds < float("inf"):
                raise UsageError(f"{option} must be more than 0 seconds, not {seconds:g}")
        if self.workers is not None and self.workers < 0:
            raise UsageError(f"--workers must be 1 or more, or 0 for one per core, not {self.workers}")


@click.command("gate")
@click.argument("arguments", nargs=-1, metavar="[NAME]... [-- COMMAND...]", type=click.UNPROCESSED)
@click.option("--update", "updates", multiple=True, metavar="NAME", help="Rewrite its baseline; all: of all.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stays in the file.")
@click.option("--base", default="", metavar="REF", help="Compare wall time with this revision instead.")
@click.option("--self-test", is_flag=True, help="Prove that the gate is quiet, and able to fail.")
@click.option("--budget", "budget_s", type=float, help="With --base: real seconds a benchmark may take.")
@click.option("--allow-dirty", is_flag=True, help="With --base: changes that are not committed are no error.")
@click.option("--instructions", is_flag=True, help="With --base: count instructions, too (valgrind).")
@click.option("--timeout", "timeout_s", type=float, help="Real seconds a strategy may take.")
@click.option("--workers", type=int, help="Processes that measure (default: one per core).")
@click.option("-f", "--format", "form", type=click.Choice(OF_RESULTS), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Store the run (.json or .json.gz).")
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("--github", is_flag=True, help=HELP)
def command(
    arguments: tuple[str, ...], form: str, output: Path | None, force: bool, github: bool, **options: Any
) -> int:
    """Compare counters of the named scenarios, or of all, with their baselines: exactly, in virtual time.

    With --base it compares wall time in this tree with that of another revision, of scenarios or of COMMAND.

    Exit codes: 0 nothing changed; 1 stopped; 2 usage, or a file that cannot be read; 3 nothing, or not
    everything, could be compared.
    """
    names, command_line = _split(arguments)
    asked = Asked(names, command_line, **options)
    asked.check()
    if output is not None:
        check_output(output, force)
    check_github(github)
    if asked.updates:
        return _update(asked)
    return _finish(_timed(asked) if asked.timed else _counters(asked), form, output, github)


def _split(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names before ``--``, the command behind it: click leaves the mark out, so it is looked up."""
    line = sys.argv[1:]
    behind = len(line) - line.index("--") - 1 if "--" in line else 0
    cut = len(arguments) - behind
    return arguments[:cut], arguments[cut:]


def _timed(asked: Asked) -> Run:
    from perfkit.cli.gate_times import gate_times

    return gate_times(
        asked.names,
        base=asked.base,
        budget_s=asked.budget_s,
        allow_dirty=asked.allow_dirty,
        instructions=asked.instructions,
        self_test=asked.self_test,
        command=asked.command,
    )


def _counters(asked: Asked) -> Run:
    from perfkit.bench.baselines.gate import gate
    from perfkit.bench.baselines.self_test import self_test
    from perfkit.bench.targets.profile import profile

    settings = config.load()
    found = _found(asked.names)
    scenarios = list(found.scenarios.values())
    known = () if asked.names else list(found.scenarios)
    targets = profile(settings)
    if not asked.names:
        targets.check_names(known)
    words, plan = ("perfkit", *sys.argv[1:]), _plan(asked)
    with Bar("measuring") as bar:
        if asked.self_test:
            return self_test(scenarios, plan, command=words, progress=bar)
        folder = settings.folder("baselines")
        return gate(scenarios, folder, plan, known=known, command=words, progress=bar, targets=targets)


def _update(asked: Asked) -> int:
    from perfkit.bench.baselines.gate import update

    found = _found(tuple(name for name in asked.updates if name != ALL))
    folder, plan = config.load().folder("baselines"), _plan(asked)
    with Bar("measuring") as bar:
        said = update(list(found.scenarios.values()), folder, plan, reason=asked.reason, progress=bar)
    for sentence in said:
        click.echo(sentence)
    return 0


def _plan(asked: Asked) -> GatePlan:
    from perfkit.bench.baselines.measuring import GatePlan

    settings = config.load()
    return GatePlan(
        seed=settings.integer("seed"),
        limit_s=settings.number("limit_s"),
        timeout_s=settings.number("timeout_s") if asked.timeout_s is None else asked.timeout_s,
        workers=settings.integer("workers") if asked.workers is None else asked.workers,
    )


def _found(names: tuple[str, ...]) -> Found:
    """The scenarios; one that cannot be loaded is an error, since its baseline cannot be compared."""
    from perfkit.bench.discovery import find

    found = find(names, config.load().folder("scenarios"))
    if found.errors:
        raise found.errors[0]
    return found


def _finish(run: Run, form: str, output: Path | None, github: bool) -> int:
    """Store the run, show it, and give its exit code."""
    if output is not None:
        from perfkit.model.storage import write_run

        stored = write_run(run, output)
        notes().print(f"run: {stored}", markup=False)
        refresh_after(stored, config.load().folder("reports"))
    print_run(run, form)
    if github:
        publish(run, form)
    return 130 if run.interrupted else run.outcome.exit_code
