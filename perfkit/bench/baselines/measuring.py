"""A scenario measured for its baseline: all its strategies, each in a fresh process, cold and warm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.bench.baselines.comparing import MINOR
from perfkit.bench.baselines.document import Baseline, Entry
from perfkit.bench.baselines.inputs import (
    input_of_data,
    inputs_of_scenario,
    inputs_of_strategy,
    inputs_of_world,
    peaks_of,
)
from perfkit.bench.baselines.merging import merged
from perfkit.bench.baselines.metrics import FAILED, entry_of
from perfkit.bench.fresh import Fresh, measure_fresh
from perfkit.bench.measure import Job
from perfkit.bench.scenario import STYLES, Scenario

Progress = Callable[[int, int], None]
Name = tuple[str, str]
"""A scenario and an entry of it."""


@dataclass(frozen=True)
class GatePlan:
    """How baselines are measured. ``limit_s`` bounds a strategy in virtual, ``timeout_s`` in real seconds.

    Worlds with a database are measured if it is among ``databases``. Without ``bytecodes`` and ``peaks``, the
    figures of this version of Python, a measurement takes a third of the time. ``only`` names the entries to
    measure (none: all), ``folder`` the one that strategies run in (none: the current one).
    """

    seed: int = 1
    databases: tuple[str, ...] = ("sqlite",)
    limit_s: float = 86_400.0
    timeout_s: float = 120.0
    workers: int = 0
    bytecodes: bool = True
    peaks: bool = True
    only: frozenset[str] = frozenset()
    folder: Path | None = None


@dataclass
class Measurement:
    """What was measured of several scenarios, and what could not be, by entry and with the reason.

    ``data`` are digests of the data, by scenario and world.
    """

    baselines: dict[str, Baseline] = field(default_factory=dict)
    missing: dict[Name, str] = field(default_factory=dict)
    data: dict[Name, dict[str, str]] = field(default_factory=dict)


def jobs_of(scenario: Scenario, plan: GatePlan) -> list[Job]:
    """All strategies in all worlds at the scenario's ``gate_sizes``; none where it has no virtual clock."""
    if "virtual" not in scenario.clocks:
        return []
    databases = {"", *plan.databases}
    worlds = [name for name, world in scenario.worlds.items() if world.info(name).database in databases]
    return [
        Job(
            scenario.file,
            scenario.name,
            world,
            name,
            size,
            (plan.seed,),
            "virtual",
            round(plan.limit_s * 1e9),
            strategy.style,
        )
        for style in STYLES
        for size in sorted(scenario.gate_sizes, reverse=True)
        for world in worlds
        for name, strategy in scenario.strategies.items()
        if strategy.style == style and strategy.runs(world, size)
        if not plan.only or f"{world}/{name}" in plan.only
    ]


def measure(scenarios: Sequence[Scenario], plan: GatePlan, progress: Progress | None = None) -> Measurement:
    """Measure the scenarios. What timed out, or needs a package that is not installed, is ``missing``."""
    jobs = [job for scenario in scenarios for job in jobs_of(scenario, plan)]
    parts: dict[Name, list[Entry]] = defaultdict(list)
    found = Measurement({s.name: Baseline(s.name, unit=s.unit) for s in scenarios})
    measuring = measure_fresh(
        jobs,
        timeout_s=plan.timeout_s,
        workers=plan.workers,
        bytecodes=plan.bytecodes,
        peaks=plan.peaks,
        folder=plan.folder,
    )
    for done, fresh in enumerate(measuring, 1):
        name = fresh.job.scenario, f"{fresh.job.world}/{fresh.job.strategy}"
        if fresh.status in ("skipped", "timeout"):
            found.missing[name] = fresh.error or fresh.status
        else:
            parts[name].append(entry_of_fresh(fresh))
        if fresh.data:
            digests = found.data.setdefault((fresh.job.scenario, fresh.job.world), {})
            digests[input_of_data(fresh.job.size)] = fresh.data
        if progress is not None:
            progress(done // 2, len(jobs))
    for scenario in scenarios:
        _fill(found, scenario, parts, plan)
    return found


def _fill(found: Measurement, scenario: Scenario, parts: dict[Name, list[Entry]], plan: GatePlan) -> None:
    baseline = found.baselines[scenario.name]
    baseline.inputs = inputs_of_scenario(plan.seed)
    if plan.peaks and (of_peaks := peaks_of()):
        baseline.peaks_of = {MINOR: of_peaks}
    for (of, name), entries in sorted(parts.items()):
        if of == scenario.name and (of, name) not in found.missing:
            entry = baseline.entries[name] = merged(entries)
            world, _, strategy = name.partition("/")
            entry.inputs = inputs_of_strategy(scenario.strategies[strategy])
            baseline.worlds[world] = inputs_of_world(scenario, world) | found.data.get((of, world), {})


def entry_of_fresh(fresh: Fresh) -> Entry:
    """The entry of one measurement: one size, one state."""
    size = fresh.job.size
    if fresh.trace is None:
        entry = Entry(states={fresh.state: {}})
    else:
        entry = entry_of(
            fresh.trace,
            fresh.findings,
            size=size,
            counters=fresh.counters,
            calls=fresh.calls,
            state=fresh.state,
        )
    metrics = entry.states[fresh.state]
    if fresh.status == "ok":
        metrics["time_ns"] = {size: fresh.elapsed_ns}
    else:
        metrics[FAILED] = {size: 1}
        entry.failed = {size: f"{fresh.status}: {fresh.error}"}
    figures = {"bytecodes": fresh.bytecodes, "peak_bytes": fresh.peak_bytes}
    known = {name: {size: value} for name, value in figures.items() if value is not None}
    if known:
        entry.python = {MINOR: known}
    return entry
