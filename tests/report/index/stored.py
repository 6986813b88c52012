"""Folders of runs for tests of the index: figures that are given, moments a day apart."""

from __future__ import annotations

from pathlib import Path

from perfkit.model import Cell, Git, Run, Sample, ScenarioResult, StrategyInfo, WorldInfo
from perfkit.model.storage import write_run
from tests.report.sample import empty_run

MS = 1_000_000


def run_of(
    day: int,
    requests: int = 2,
    ms: float = 60,
    *,
    revision: str = "",
    dirty: bool = False,
    name: str = "shop",
    title: str = "own server",
    best: str = "batched",
    wrong: tuple[str, ...] = (),
    **changes,
) -> Run:
    """serial takes 11 requests and 240 ms; ``best`` takes what is given; ``wrong`` ones failed."""
    run = empty_run(**{"perfkit": "0.1.0", **changes})
    run.machine.created = f"2025-03-{day:02}T08:00:00+00:00"
    run.machine.git = Git(revision, "main", dirty) if revision else None
    ways = [StrategyInfo("serial", baseline=True), StrategyInfo(best)]
    scenario = ScenarioResult(name, name, "", "", "orders", [10], [WorldInfo("own", title)], ways)
    for strategy, count, elapsed in (("serial", 11, 240), (best, requests, ms)):
        if strategy in wrong:
            scenario.cells.append(Cell("own", strategy, 10, "failed", "ValueError"))
            continue
        samples = [Sample(run.seed, round(elapsed * MS))]
        scenario.cells.append(Cell("own", strategy, 10, samples=samples, counters={"request": count}))
    run.scenarios = [scenario]
    return run


def store(folder: Path, *runs: Run) -> Path:
    """Each as ``run-N.json`` in ``folder``, which is returned."""
    folder.mkdir(exist_ok=True)
    for number, run in enumerate(runs, 1):
        write_run(run, folder / f"run-{number}.json")
    return folder
