"""The harness: plans cells, has them measured, compares answers, sets predictions beside results.

``bench`` is the whole job: scenarios in, a Run out. It prints nothing; ``progress`` is told of each cell.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.bench.answers import equal, shown
from perfkit.bench.discovery import load_file
from perfkit.bench.environment import describe_machine
from perfkit.bench.measure import Job, Measured
from perfkit.bench.operations import Operations
from perfkit.bench.pool import Pool, default_workers, lost
from perfkit.bench.scenario import CLOCKS, ELAPSED, STYLES, Scenario, Strategy
from perfkit.bench.targets.checking import Examined, enter_targets
from perfkit.bench.targets.places import check_profile
from perfkit.bench.targets.profile import NONE, Profile
from perfkit.errors import UnknownNameError, UsageError, WorldError
from perfkit.model import Cell, Finding, Prediction, Run, ScenarioResult
from perfkit.rules import growth, results_differ
from perfkit.worlds.base import DELIVERED
from perfkit.worlds.serving import serving

if TYPE_CHECKING:
    from perfkit.worlds.base import World

DATABASES = ("sqlite", "postgres")

Progress = Callable[[int, int], None]
"""Called with the number of cells done and the number of all."""


@dataclass(frozen=True)
class Plan:
    """What to measure and how. Empty ``strategies`` or ``worlds`` mean all of them.

    Empty ``sizes`` mean a scenario's ``default_sizes``, and in wall time the smallest of all: real waiting
    at story scale takes hours. Worlds with a database run if it is among ``databases``, or if they are named.
    ``limit_s`` bounds a strategy in virtual, ``timeout_s`` in real seconds.
    """

    clock: str = "virtual"
    sizes: tuple[int, ...] = ()
    strategies: tuple[str, ...] = ()
    worlds: tuple[str, ...] = ()
    databases: tuple[str, ...] = ("sqlite",)
    seed: int = 1
    repeats: int = 1
    timeout_s: float = 120.0
    limit_s: float = 86_400.0
    workers: int = 0
    command: tuple[str, ...] = ()


@dataclass
class _Work:
    """A scenario on its way to a result."""

    scenario: Scenario
    result: ScenarioResult
    jobs: list[Job]
    answers: dict[tuple[str, str, int], list[object]] = field(default_factory=dict)
    operations: dict[tuple[str, str, int], Operations] = field(default_factory=dict)


def bench(
    scenarios: Sequence[Scenario],
    plan: Plan,
    *,
    folder: Path | None = None,
    progress: Progress | None = None,
    targets: Profile = NONE,
) -> Run:
    """Measure ``scenarios`` as ``plan`` says, and set ``targets`` beside what was measured.

    Ctrl-C ends it early; the Run then holds what was measured. Raises UnknownNameError for a strategy or
    world that no scenario has, UsageError for a bad plan, ConfigError for a target of what does not exist.
    """
    from perfkit import __version__

    _check(scenarios, plan)
    check_profile(targets, scenarios)
    works = [_Work(scenario, _empty(scenario, plan), _jobs(scenario, plan)) for scenario in scenarios]
    run = Run(
        kind="bench",
        clock=plan.clock,
        seed=plan.seed,
        machine=describe_machine(folder or Path.cwd()),
        perfkit=__version__,
        command=list(plan.command),
    )
    run.warnings += [sentence for scenario in scenarios if (sentence := _left_out(scenario, plan))]
    if plan.clock == "wall" and not plan.sizes:
        run.warnings.append("wall time: the smallest size only; name others with --size")
    started_ns = time.perf_counter_ns()
    try:
        _measure(works, run, plan, progress)
    except KeyboardInterrupt:
        run.interrupted = True
        run.warnings.append("interrupted: only the cells shown were measured")
    for work in works:
        _compare(work)
        _look_for_growth(work)
        work.result.predictions = predictions(work.result)
        work.result.claims = work.scenario.check_claims(work.result)
        run.scenarios.append(work.result)
    examined = [Examined(work.scenario, work.result, work.operations) for work in works]
    enter_targets(run, examined, targets, plan)
    run.machine.costs.sort(key=lambda cost: (cost.scenario, cost.world, cost.strategy, cost.size))
    run.machine.real_ns = time.perf_counter_ns() - started_ns
    return run


def _check(scenarios: Sequence[Scenario], plan: Plan) -> None:
    if not scenarios:
        raise UsageError("there is no scenario to measure")
    if plan.clock not in CLOCKS:
        raise UnknownNameError("clock", plan.clock, CLOCKS)
    for what, number in (("repeats", plan.repeats), ("timeout", plan.timeout_s), ("limit", plan.limit_s)):
        if not (0 < number < math.inf):
            raise UsageError(f"{what} must be more than 0 and finite, not {number}")
    if plan.workers < 0:
        raise UsageError(f"workers must be 0 (one per core) or more, not {plan.workers}")
    for what, wanted, known in (
        ("strategy", plan.strategies, {name for s in scenarios for name in s.strategies}),
        ("world", plan.worlds, {name for s in scenarios for name in s.worlds}),
        ("database", plan.databases, set(DATABASES)),
        ("size", tuple(map(str, plan.sizes)), {str(size) for s in scenarios for size in s.sizes}),
    ):
        for name in wanted:
            if name not in known:
                raise UnknownNameError(what, name, known)


def _empty(scenario: Scenario, plan: Plan) -> ScenarioResult:
    return ScenarioResult(
        name=scenario.name,
        title=scenario.title or scenario.name,
        doc=scenario.doc,
        file=Path(scenario.file).name,
        unit=scenario.unit,
        sizes=_sizes(scenario, plan),
        worlds=[scenario.worlds[name].info(name) for name in _worlds(scenario, plan)],
        strategies=[s.info for name, s in scenario.strategies.items() if _wanted(s, plan.strategies)],
        marks=list(scenario.marks),
        goal={} if list(scenario.goal) == [ELAPSED] else dict(scenario.goal),
    )


def _sizes(scenario: Scenario, plan: Plan) -> list[int]:
    if plan.clock == "wall" and not plan.sizes:
        return [min(scenario.sizes)]
    return sorted(size for size in scenario.sizes if size in (plan.sizes or scenario.default_sizes))


def _worlds(scenario: Scenario, plan: Plan) -> list[str]:
    if plan.worlds:
        return [name for name in scenario.worlds if name in plan.worlds]
    databases = {"", *plan.databases}
    return [name for name, world in scenario.worlds.items() if world.info(name).database in databases]


def _left_out(scenario: Scenario, plan: Plan) -> str:
    """A sentence about a scenario, or its worlds, that the plan does not measure."""
    if plan.clock not in scenario.clocks:
        return f"{scenario.name}: left out; it runs on the {scenario.clocks[0]} clock only"
    measured = _worlds(scenario, plan)
    left = [] if plan.worlds else [name for name in scenario.worlds if name not in measured]
    wanted = ",".join(sorted({scenario.worlds[name].info(name).database for name in left}))
    return f"{scenario.name}: left out {', '.join(left)}; --db {wanted} measures it" if left else ""


def _chosen(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or name in wanted


def _wanted(strategy: Strategy, wanted: Sequence[str]) -> bool:
    """Chosen by name, or the baseline, without which there is nothing to compare with."""
    return _chosen(strategy.info.name, wanted) or strategy.info.baseline


def _jobs(scenario: Scenario, plan: Plan) -> list[Job]:
    """The cells to measure, the longest first, so that no worker is left with a long one at the end."""
    if plan.clock not in scenario.clocks:
        return []
    seeds = tuple(range(plan.seed, plan.seed + plan.repeats))
    return [
        Job(
            scenario.file,
            scenario.name,
            world,
            name,
            size,
            seeds,
            plan.clock,
            round(plan.limit_s * 1e9),
            style if plan.clock == "virtual" else "async",  # in wall time a sync strategy is simply called
        )
        for style in STYLES
        for size in reversed(_sizes(scenario, plan))
        for world in _worlds(scenario, plan)
        for name, strategy in scenario.strategies.items()
        if strategy.style == style and _wanted(strategy, plan.strategies) and strategy.runs(world, size)
    ]


def _measure(works: list[_Work], run: Run, plan: Plan, progress: Progress | None) -> None:
    total, done = sum(len(work.jobs) for work in works), 0
    measure_all = _virtual if plan.clock == "virtual" else _wall
    workers = (plan.workers or default_workers()) if plan.clock == "virtual" else 1
    with Pool(workers, timeout_s=plan.timeout_s) as pool:
        for work in works:
            for measured in measure_all(pool, work.jobs):
                _enter(work, run, measured)
                done += 1
                if progress is not None:
                    progress(done, total)


def _virtual(pool: Pool, jobs: list[Job]) -> Iterator[Measured]:
    yield from pool.run(jobs)


def _wall(pool: Pool, jobs: list[Job]) -> Iterator[Measured]:
    """One sample at a time, each against a fresh server: none meets limits that another one used up."""
    for job in jobs:
        samples: list[Measured] = []
        delivered: dict[str, str] = {}
        for seed in job.seeds:
            source = partial(world_of, job.file, job.scenario, job.world, job.size, seed)
            try:
                with serving(source) as addresses:
                    delivered |= _delivered(addresses)
                    samples += pool.run([replace(job, addresses=addresses, seeds=(seed,))])
            except WorldError as error:
                samples.append(lost(job, "failed", str(error)))
        yield replace(_merged(samples), delivered=delivered)


def _delivered(addresses: dict[str, str]) -> dict[str, str]:
    """The round trips that links were measured to have, as facts for the report."""
    return {
        f"{key.removesuffix(DELIVERED).replace('/', ': ')}round trip delivered": f"{int(ns) / 1e6:.2f} ms"
        for key, ns in addresses.items()
        if key.endswith(DELIVERED)
    }


def _merged(samples: list[Measured]) -> Measured:
    """One result of several samples; the first that went wrong speaks for the cell."""
    whole = next((sample for sample in samples if sample.cell.status != "ok"), samples[0])
    if whole.cell.status == "ok":
        whole.cell.samples = [sample for each in samples for sample in each.cell.samples]
        whole.answers = [answer for each in samples for answer in each.answers]
    return whole


def world_of(file: str, scenario: str, world: str, size: int, seed: int) -> tuple[World, int, int]:
    """A world with its size and seed, for a server process that knows it by name only."""
    loaded = {found.name: found for found in load_file(Path(file))}
    return loaded[scenario].worlds[world], size, seed


def _enter(work: _Work, run: Run, measured: Measured) -> None:
    cell = measured.cell
    work.result.cells.append(cell)
    key = (cell.world, cell.strategy, cell.size)
    work.answers[key] = measured.answers
    if measured.operations is not None:
        work.operations[key] = measured.operations
    for world in work.result.worlds:
        if world.name == cell.world:
            world.facts.update(measured.delivered)
    run.machine.costs.append(measured.cost)


def _compare(work: _Work) -> None:
    """Put the cells in order, and each answer beside the reference's (else PK501)."""
    result = work.result
    worlds = [world.name for world in result.worlds]
    names = [info.name for info in result.strategies]
    result.cells.sort(key=lambda c: (worlds.index(c.world), names.index(c.strategy), c.size))
    for cell in result.cells:
        if cell.status != "ok":
            continue
        answers = _answers(work, cell)
        expected = _answers(work, _reference(result, cell))
        cell.answer = shown(answers[0])
        cell.agrees = equal(answers, expected)
        if not cell.agrees:
            cell.findings = _differs(work, cell, answers, expected) + cell.findings


def _look_for_growth(work: _Work) -> None:
    """Put what grows faster than the scenario expects among the findings of the largest size (PK502)."""
    result = work.result
    for world in result.worlds:
        for info in result.strategies:
            cells = [result.cell(world.name, info.name, size) for size in result.sizes]
            measured = [cell for cell in cells if cell is not None and cell.status == "ok"]
            if len(measured) > 1:
                counters = {cell.size: cell.counters for cell in measured}
                site = work.scenario.strategies[info.name].site
                measured[-1].findings += growth.of_counters(info.name, site, counters, work.scenario.growth)


def _answers(work: _Work, cell: Cell) -> list[object]:
    return work.answers[(cell.world, cell.strategy, cell.size)]


def _reference(result: ScenarioResult, cell: Cell) -> Cell:
    """Whose answer counts: the first baseline's, else that of the first strategy without a flaw."""
    peers = [c for c in result.cells if (c.world, c.size, c.status) == (cell.world, cell.size, "ok")]
    infos = {peer.strategy: result.strategy(peer.strategy) for peer in peers}
    baselines = [peer for peer in peers if infos[peer.strategy].baseline]
    flawless = [peer for peer in peers if not infos[peer.strategy].flaw]
    return (baselines or flawless or peers)[0]


def _differs(work: _Work, cell: Cell, answers: list[object], expected: list[object]) -> list[Finding]:
    strategy = work.scenario.strategies[cell.strategy]
    pairs = zip(answers, expected, strict=False)
    answer, other = next(((a, e) for a, e in pairs if a != e), (answers[-1], expected[-1]))
    answer_text, other_text = shown(answer), shown(other)
    if answer_text == other_text:
        answer_text += " (it differs beyond what is shown)"
    return results_differ.compare(cell.strategy, strategy.site, answer_text, other_text, strategy.info.flaw)


def predictions(result: ScenarioResult) -> list[Prediction]:
    """Each baseline finding's predicted saving beside what the strategy that is its fix saved."""
    found = []
    for info in result.strategies:
        base = result.baseline(info.group)
        if not info.fixes or base is None:
            continue
        for world in result.worlds:
            for size in result.sizes:
                prediction = _prediction(result, base.name, info.name, info.fixes, world.name, size)
                if prediction is not None:
                    found.append(prediction)
    return found


def _prediction(
    result: ScenarioResult, base: str, fix: str, rule: str, world: str, size: int
) -> Prediction | None:
    before, after = result.cell(world, base, size), result.cell(world, fix, size)
    if before is None or after is None or before.elapsed_ns is None or after.elapsed_ns is None:
        return None
    savings = [f for f in before.findings if f.rule == rule and f.saving_ns is not None]
    if not savings or after.agrees is False:
        return None
    return Prediction(
        world=world,
        size=size,
        rule=rule,
        baseline=base,
        strategy=fix,
        predicted_saving_ns=sum(f.saving_ns or 0 for f in savings),
        measured_saving_ns=before.elapsed_ns - after.elapsed_ns,
        basis="; ".join(f.basis for f in savings),
    )
