"""``perfkit bench``: compare strategies, show the result, keep the run and its report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit import config
from perfkit.cli.github import HELP, check_github, publish
from perfkit.cli.index import refresh_after
from perfkit.cli.show import Bar, Names, Numbers, notes, print_run
from perfkit.errors import MissingExtraError, PerfkitError, RunFileError
from perfkit.model.run import Run

if TYPE_CHECKING:
    from perfkit.bench.harness import Plan


@click.command("bench")
@click.argument("names", nargs=-1, metavar="[NAME | FILE.py]...")
@click.option("--size", "sizes", type=Numbers(), default="", help="Only these sizes of the scenario.")
@click.option("--strategy", "strategies", type=Names(), default="", help="Only these (and the baseline).")
@click.option("--world", "worlds", type=Names(), default="", help="Only these worlds.")
@click.option(
    "--db",
    "databases",
    type=Names(),
    default="sqlite",
    show_default=True,
    help="Of worlds with a database, those with: sqlite, postgres, or both.",
)
@click.option("--clock", type=click.Choice(["virtual", "wall"]), default="virtual", show_default=True)
@click.option("--seed", type=int, help="Seed of the data and of random latency.")
@click.option("--repeats", type=int, help="Samples per strategy, each with the next seed.")
@click.option("--timeout", "timeout_s", type=float, help="Real seconds a strategy may take.")
@click.option("--limit", "limit_s", type=float, help="Virtual seconds a strategy may take.")
@click.option("--workers", type=int, help="Processes that measure in virtual time (default: one per core).")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Store the run here (.json or .json.gz)."
)
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option(
    "-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("--report/--no-report", default=True, help="Write the HTML report and pictures beside the run.")
@click.option("--github", is_flag=True, help=HELP)
def command(
    names: tuple[str, ...],
    output: Path | None,
    force: bool,
    form: str,
    report: bool,
    github: bool,
    **asked: Any,
) -> int:
    """Compare the strategies of the named scenarios, or of all.

    A NAME is a scenario of the project's scenario folder; a FILE.py is any file that defines some. Every
    strategy must give the same answer. In virtual time the figures are the same to the last digit each time.
    In wall time only the smallest size is measured unless --size names others.
    """
    from perfkit.bench.discovery import find
    from perfkit.bench.harness import bench
    from perfkit.bench.targets.profile import profile

    settings = config.load()
    if output is not None:
        check_output(output, force)
    check_github(github)
    found = find(names, settings.folder("scenarios"))
    if not found.scenarios and found.errors:
        raise found.errors[0]
    targets = profile(settings)
    if not (names or found.errors):
        targets.check_names(found.scenarios)
    plan = _plan(asked, settings)
    with Bar("measuring") as bar:
        scenarios = list(found.scenarios.values())
        run = bench(scenarios, plan, folder=settings.root, progress=bar, targets=targets)
    run.warnings += [str(error) for error in found.errors]
    unwritten = keep(run, output, settings.folder("reports"), report)  # first: stdout may be a closed pipe
    print_run(run, form)
    if github:
        publish(run, form)
    problems = [*found.errors, *unwritten]
    for problem in problems:
        notes().print(f"perfkit: {problem}", markup=False)
    if run.interrupted:
        return 130
    return run.outcome.exit_code or (2 if problems else 0)


def _plan(asked: dict[str, Any], settings: config.Config) -> Plan:
    """What was asked for; what was left open is a setting."""
    from perfkit.bench.harness import Plan

    usual = {
        "seed": settings.integer,
        "repeats": settings.integer,
        "timeout_s": settings.number,
        "limit_s": settings.number,
        "workers": settings.integer,
    }
    left_open = {name: read(name) for name, read in usual.items() if asked[name] is None}
    return Plan(**{**asked, **left_open}, command=("perfkit", *sys.argv[1:]))


def check_output(output: Path, force: bool, option: str = "-o") -> None:
    """Refuse, before anything is measured, a place that the run cannot be written to, named by ``option``."""
    if output.is_dir():
        raise RunFileError(f"cannot write {output}: it is a folder. Name a file with {option}.")
    if output.exists() and not force:
        raise RunFileError(f"{output} exists. Choose another name with {option}, or replace it with --force.")
    place = output.parent
    while not place.exists():
        place = place.parent
    import os

    if not place.is_dir() or not os.access(place, os.W_OK):
        raise RunFileError(f"cannot write {output}: {place} is not a folder you may write to.")


def keep(run: Run, output: Path | None, folder: Path, report: bool) -> list[PerfkitError]:
    """Store the run, then its report and its pictures beside it; what could not be written is returned.

    In that order: what is needed most is there first, whatever happens to the rest.
    """
    from perfkit.model.storage import write_run, write_run_in

    try:
        stored = write_run(run, output) if output else write_run_in(run, folder, stem(run))
        _written("run", stored)
        if report:
            _show_beside(run, stored)
            refresh_after(stored, folder)
    except PerfkitError as error:
        return [error]
    return []


def _show_beside(run: Run, stored: Path) -> None:
    from perfkit.report.files import write_pictures, write_report

    with as_far_as_installed():
        _written("report", write_report(run, stored))
        _written("figure", *write_pictures(run, stored))


@contextmanager
def as_far_as_installed() -> Iterator[None]:
    """Pages and pictures are left out, with a note, where their packages are not: a run is whole without."""
    try:
        yield
    except MissingExtraError as missing:
        notes().print(f"note:   {missing}", markup=False)


def _written(what: str, *paths: Path) -> None:
    for path in paths:
        notes().print(f"{what + ':':8}{path}", markup=False)


def stem(run: Run) -> str:
    """The name of a stored run without its ending: the moment, and what was measured."""
    moment = run.machine.created.partition("+")[0].replace("-", "").replace(":", "")
    names = "-".join(scenario.name for scenario in run.scenarios[:3]) or run.kind
    return f"{moment}-{names}"
