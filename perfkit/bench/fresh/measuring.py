"""What is measured inside the fresh process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec

from perfkit.bench.fresh.data import digest
from perfkit.bench.fresh.result import Fresh, Task
from perfkit.bench.measure import (
    Execution,
    about_plans,
    counters_of,
    execute,
    missing_for,
    recorded,
)
from perfkit.bench.scenario import Scenario
from perfkit.config import load as load_config
from perfkit.model import HostFacts
from perfkit.profiling import count_bytecodes, count_peak, suspended
from perfkit.profiling.bytecodes import Counted
from perfkit.profiling.peak import Peak
from perfkit.rules import Limits, check
from perfkit.rules.depth import depth


def measured(scenario: Scenario, task: Task) -> list[Fresh]:
    """The cold and the warm run; only the cold one has what further runs in the same process tell."""
    job = task.job
    strategy, world = scenario.strategies[job.strategy], scenario.worlds[job.world]
    run = partial(execute, strategy, world, job, job.seeds[0])
    cold, warm = Fresh(job, "cold"), Fresh(job, "warm")
    if missing := missing_for(strategy):
        return [_lost(fresh, "skipped", missing) for fresh in (cold, warm)]
    _enter(cold, run(watch=partial(_counted, cold) if task.bytecodes else recorded))
    _enter(warm, run(watch=recorded))
    if cold.trace is not None:
        cold.findings = check(cold.trace, Limits.of(load_config()))
        if cold.status == "ok":
            cold.findings += about_plans(cold.trace, strategy, world, job)
    if task.peaks and cold.status != "timeout" and find_spec("memray") is not None:
        last = run(watch=partial(_peaked, cold))
        if (last.status, last.error) != (warm.status, warm.error):  # memory was not what it should tell
            cold.status, cold.error, cold.peak_bytes = last.status, last.error, None
    if cold.status == "ok":
        cold.data = digest(world, job.size, job.seeds[0])
    return [cold, warm]


def _lost(fresh: Fresh, status: str, error: str) -> Fresh:
    fresh.status, fresh.error = status, error
    return fresh


def _enter(fresh: Fresh, ran: Execution) -> None:
    fresh.status, fresh.error, fresh.elapsed_ns = ran.status, ran.error, ran.elapsed_ns
    if ran.trace is not None:
        fresh.trace, fresh.counters = ran.trace, counters_of(ran, ran.trace)
        fresh.depth = depth(ran.trace)


@contextmanager
def _counted(fresh: Fresh, sample: Execution, facts: list[HostFacts]) -> Iterator[None]:
    """Recorded, with its instructions counted: perfkit's own are none of the application's."""
    counted = Counted()
    try:
        with recorded(sample, facts), count_bytecodes() as counted:
            yield
    finally:
        fresh.bytecodes, fresh.calls = counted.total, counted.calls
        fresh.bytecodes_by_place = counted.by_place


@contextmanager
def _peaked(fresh: Fresh, _sample: Execution, _facts: list[HostFacts]) -> Iterator[None]:
    peak = Peak()
    try:
        with suspended("the memory's peak is measured"), count_peak() as peak:
            yield
    finally:
        fresh.peak_bytes = peak.peak_bytes
