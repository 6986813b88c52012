"""``perfkit tune``: search the parameters of a scenario's strategies; or say what to change in a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from perfkit import config
from perfkit.bench.discovery import find
from perfkit.bench.scenario import Scenario
from perfkit.cli.bench import as_far_as_installed, check_output, stem
from perfkit.cli.index import refresh_after
from perfkit.cli.show import Bar, Duration, Names, notes, print_run, results
from perfkit.errors import PerfkitError, UsageError
from perfkit.model.run import Run
from perfkit.report import OF_RESULTS

DEFAULT_BUDGET_NS = 160_000_000_000


@click.command("tune")
@click.argument("name", required=False, metavar="[NAME | FILE.py]")
@click.option("--strategy", "strategies", type=Names(), default="", help="Only these strategies.")
@click.option("--world", default="", help="In this world (default: the first that they run in).")
@click.option("--size", type=int, default=0, help="At this size (default: the largest measured by default).")
@click.option("--seed", type=int, help="Seed of the data and of random latency.")
@click.option(
    "--budget",
    "budget_ns",
    type=Duration(),
    default=f"{DEFAULT_BUDGET_NS // 10**9}s",
    show_default=True,
    help="Real time to search for.",
)
@click.option("--runs", type=int, default=100, show_default=True, help="Runs of each strategy.")
@click.option("--workers", type=int, help="Processes that measure (default: one per core).")
@click.option("--suggest", metavar="RUN", help="Say what to change, from this stored run.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Store the run here (.json or .json.gz)."
)
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("-f", "--format", "form", type=click.Choice(OF_RESULTS), default="text", show_default=True)
def command(
    name: str | None,
    strategies: tuple[str, ...],
    world: str,
    size: int,
    seed: int | None,
    budget_ns: int,
    runs: int,
    workers: int | None,
    suggest: str | None,
    output: Path | None,
    force: bool,
    form: str,
) -> int:
    """Search the parameters that a scenario's strategies declare with tune=, in virtual time.

    The declared values first, then between and beyond those around the best. The choice makes the scenario's
    goal the least of all settings that keep its limits and give the right answer; it is tried at the other
    sizes and two other seeds. Of settings within 1 % of the best the one is chosen that asks least of the
    service. The result is the same for any number of workers, unless --budget is used up, which is said.

    Exit codes: 0 found, 1 no setting keeps the limits, 2 usage, 130 interrupted (what was measured is kept).
    """
    if suggest is not None:
        return _suggest(suggest, name, form)
    from perfkit.bench.tuning.tuner import TunePlan, tune

    settings = config.load()
    if output is not None:
        check_output(output, force)
    plan = TunePlan(
        strategies=strategies,
        world=world,
        size=size,
        seed=settings.integer("seed") if seed is None else seed,
        runs=runs,
        budget_s=budget_ns / 1e9,
        timeout_s=settings.number("timeout_s"),
        limit_s=settings.number("limit_s"),
        workers=settings.integer("workers") if workers is None else workers,
        command=("perfkit", *sys.argv[1:]),
    )
    scenario = _scenario(name, settings.folder("scenarios"))
    with Bar("tuning") as bar:
        run = tune(scenario, plan, folder=settings.root, progress=bar)
    unwritten = _keep(run, output, settings.folder("reports"), scenario)
    print_run(run, form)
    for problem in unwritten:
        notes().print(f"perfkit: {problem}", markup=False)
    if run.interrupted:
        return 130
    return run.outcome.exit_code or (2 if unwritten else 0)


def _scenario(name: str | None, folder: Path) -> Scenario:
    """The one that is named; a file may define several of which one has parameters."""
    if not name:
        raise UsageError("name a scenario to tune: perfkit tune NAME; perfkit list shows them")
    found = find([name], folder)
    if not found.scenarios and found.errors:
        raise found.errors[0]
    scenarios = list(found.scenarios.values())
    tunable = [s for s in scenarios if any(way.info.parameters for way in s.strategies.values())]
    if len(tunable) > 1:
        raise UsageError(f"{name} has several scenarios with parameters; name one: {_names(tunable)}")
    return (tunable or scenarios)[0]


def _names(scenarios: list[Scenario]) -> str:
    return ", ".join(scenario.name for scenario in scenarios)


def _keep(run: Run, output: Path | None, folder: Path, scenario: Scenario) -> list[PerfkitError]:
    """Store the run, its report and its heat maps; what could not be written is returned, not raised."""
    from perfkit.model.storage import write_run, write_run_in
    from perfkit.report.drawing.heatmap import write_heat_maps
    from perfkit.report.files import write_report

    try:
        name = f"{stem(run).rpartition('-')[0]}-tune-{scenario.name}"
        stored = write_run(run, output) if output else write_run_in(run, folder, name)
        notes().print(f"run:    {stored}", markup=False)
        with as_far_as_installed():
            notes().print(f"report: {write_report(run, stored)}", markup=False)
            for path in write_heat_maps(run.tunings, stored):
                notes().print(f"map:    {path}", markup=False)
        refresh_after(stored, folder)
    except PerfkitError as error:
        return [error]
    return []


def _suggest(run: str, name: str | None, form: str) -> int:
    """What to change in a stored run."""
    from perfkit.bench.tuning.suggest import suggest
    from perfkit.model.storage import read_run
    from perfkit.report.index import find
    from perfkit.report.terminal.suggested import as_json, show

    if name:
        raise UsageError(f"--suggest reads a stored run and tunes nothing; leave {name} out")
    if form not in ("text", "json"):
        raise UsageError(f"suggestions are shown as text or json; leave -f {form} out")
    advice = suggest(read_run(find(run, config.load().folder("reports"))))
    if form == "json":
        click.echo(as_json(advice))
    else:
        show(advice, results())
    return 0
