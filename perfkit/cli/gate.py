"""``perfkit gate``: stop a change that asks for more, or takes longer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.github import HELP, check_github, publish
from perfkit.cli.index import refresh_after
from perfkit.cli.show import Bar, notes
from perfkit.errors import UsageError
from perfkit.report import OF_RESULTS

if TYPE_CHECKING:
    from perfkit.bench.baselines.measuring import GatePlan
    from perfkit.bench.discovery import Found
    from perfkit.model.run import Run

ALL = "all"


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
    arguments: tuple[str, ...],
    updates: tuple[str, ...],
    reason: str,
    base: str,
    self_test: bool,
    budget_s: float | None,
    allow_dirty: bool,
    instructions: bool,
    timeout_s: float | None,
    workers: int | None,
    form: str,
    output: Path | None,
    force: bool,
    github: bool,
) -> int:
    """Compare counters of the named scenarios, or of all, with their baselines: exactly, in virtual time.

    With --base it compares wall time in this tree with that of another revision, of scenarios or of COMMAND.

    Exit codes: 0 nothing changed; 1 stopped; 2 usage, or a file that cannot be read; 3 nothing, or not
    everything, could be compared.
    """
    names, command_line = _split(arguments)
    timed = bool(base or command_line)
    _check(timed, names, updates, reason, self_test, budget_s, allow_dirty, instructions, timeout_s, workers)
    if output is not None:
        check_output(output, force)
    check_github(github)
    if timed:
        from perfkit.cli.gate_times import gate_times

        run = gate_times(
            names,
            base=base,
            budget_s=budget_s,
            allow_dirty=allow_dirty,
            instructions=instructions,
            self_test=self_test,
            command=command_line,
        )
        return _finish(run, form, output, github)
    found = _found(names or tuple(name for name in updates if name != ALL))
    if updates:
        return _update(found, reason, _plan(timeout_s, workers))
    return _finish(_counters(found, not names, self_test, _plan(timeout_s, workers)), form, output, github)


def _split(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names before ``--``, the command behind it: click leaves the mark out, so it is looked up."""
    line = sys.argv[1:]
    behind = len(line) - line.index("--") - 1 if "--" in line else 0
    cut = len(arguments) - behind
    return arguments[:cut], arguments[cut:]


def _check(
    timed: bool,
    names: tuple[str, ...],
    updates: tuple[str, ...],
    reason: str,
    self_test: bool,
    budget_s: float | None,
    allow_dirty: bool,
    instructions: bool,
    timeout_s: float | None,
    workers: int | None,
) -> None:
    if updates and (timed or self_test or names):
        raise UsageError("--update NAME rewrites a baseline and nothing else: use it without names, --base, "
                         "--self-test and COMMAND")  # fmt: skip
    if reason and not updates:
        raise UsageError("--reason goes with --update NAME")
    if not timed and (budget_s is not None or allow_dirty or instructions):
        raise UsageError("--budget, --allow-dirty and --instructions go with --base REF")
    if budget_s is not None and not 0 < budget_s < float("inf"):
        raise UsageError(f"--budget must be more than 0 seconds, not {budget_s:g}")
    if timeout_s is not None and not 0 < timeout_s < float("inf"):
        raise UsageError(f"--timeout must be more than 0 seconds, not {timeout_s:g}")
    if workers is not None and workers < 0:
        raise UsageError(f"--workers must be 1 or more, or 0 for one per core, not {workers}")


def _plan(timeout_s: float | None, workers: int | None) -> GatePlan:
    from perfkit.bench.baselines.measuring import GatePlan

    settings = config.load()
    return GatePlan(
        seed=settings.integer("seed"),
        limit_s=settings.number("limit_s"),
        timeout_s=settings.number("timeout_s") if timeout_s is None else timeout_s,
        workers=settings.integer("workers") if workers is None else workers,
    )


def _found(names: tuple[str, ...]) -> Found:
    """The scenarios; one that cannot be loaded is an error, since its baseline cannot be compared."""
    from perfkit.bench.discovery import find

    found = find(names, config.load().folder("scenarios"))
    if found.errors:
        raise found.errors[0]
    return found


def _counters(found: Found, everything: bool, self_test: bool, plan: GatePlan) -> Run:
    from perfkit.bench.baselines.gate import gate
    from perfkit.bench.baselines.self_test import self_test as test
    from perfkit.bench.targets.profile import profile

    settings = config.load()
    folder = settings.folder("baselines")
    scenarios = list(found.scenarios.values())
    known = list(found.scenarios) if everything else ()
    targets = profile(settings)
    if everything:
        targets.check_names(known)
    words = ("perfkit", *sys.argv[1:])
    with Bar("measuring") as bar:
        if self_test:
            return test(scenarios, plan, command=words, progress=bar)
        return gate(scenarios, folder, plan, known=known, command=words, progress=bar, targets=targets)


def _update(found: Found, reason: str, plan: GatePlan) -> int:
    from perfkit.bench.baselines.gate import update

    with Bar("measuring") as bar:
        said = update(
            list(found.scenarios.values()),
            config.load().folder("baselines"),
            plan,
            reason=reason,
            progress=bar,
        )
    for sentence in said:
        click.echo(sentence)
    return 0


def _finish(run: Run, form: str, output: Path | None, github: bool) -> int:
    """Store the run, show it, and give its exit code."""
    from perfkit.report import render

    if output is not None:
        from perfkit.model.storage import write_run

        stored = write_run(run, output)
        notes().print(f"run: {stored}", markup=False)
        refresh_after(stored, config.load().folder("reports"))
    click.echo(render(run, form), nl=False)
    if github:
        publish(run, form)
    return 130 if run.interrupted else run.outcome.exit_code
