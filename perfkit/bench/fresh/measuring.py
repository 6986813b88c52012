"""What is measured inside the fresh process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from perfkit.bench.fresh.result import BYTECODES, FIGURES, PEAK, Fresh, Task
from perfkit.bench.measure import (
    Execution,
    Job,
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
    """The cold and the warm run; only the cold one where instructions or memory are measured."""
    missing = missing_for(scenario.strategies[task.job.strategy])
    if missing:
        return [Fresh(task.job, state, "skipped", missing) for state in ("cold", "warm")]
    return _MEASURES[task.what](scenario, task.job)


def _figures(scenario: Scenario, job: Job) -> list[Fresh]:
    strategy, world = scenario.strategies[job.strategy], scenario.worlds[job.world]
    cold, warm = (
        _seen(Fresh(job, state), execute(strategy, world, job, job.seeds[0], watch=recorded))
        for state in ("cold", "warm")
    )
    if cold.trace is not None:
        cold.findings = check(cold.trace, Limits.of(load_config()))
        if cold.status == "ok":
            cold.findings += about_plans(cold.trace, strategy, world, job)
    return [cold, warm]


def _seen(fresh: Fresh, ran: Execution) -> Fresh:
    fresh.status, fresh.error, fresh.elapsed_ns = ran.status, ran.error, ran.elapsed_ns
    if ran.trace is not None:
        fresh.trace, fresh.counters = ran.trace, counters_of(ran, ran.trace)
        fresh.depth = depth(ran.trace)
    return fresh


def _bytecodes(scenario: Scenario, job: Job) -> list[Fresh]:
    fresh = Fresh(job, "cold")

    @contextmanager
    def counting(_sample: Execution, _facts: list[HostFacts]) -> Iterator[None]:
        counted = Counted()
        try:
            with suspended("bytecodes are counted"), count_bytecodes() as counted:
                yield
        finally:
            fresh.bytecodes, fresh.calls = counted.total, counted.calls
            fresh.bytecodes_by_place = counted.by_place

    _run(scenario, job, fresh, counting)
    return [fresh]


def _peak(scenario: Scenario, job: Job) -> list[Fresh]:
    fresh = Fresh(job, "cold")

    @contextmanager
    def counting(_sample: Execution, _facts: list[HostFacts]) -> Iterator[None]:
        peak = Peak()
        try:
            with suspended("the memory's peak is measured"), count_peak() as peak:
                yield
        finally:
            fresh.peak_bytes = peak.peak_bytes

    if find_spec("memray") is None:
        return [fresh]
    _run(scenario, job, Fresh(job, "cold"), _unwatched)  # imports of libraries are not the strategy's memory
    _run(scenario, job, fresh, counting)
    return [fresh]


def _run(scenario: Scenario, job: Job, fresh: Fresh, watch: Callable[..., object]) -> None:
    strategy, world = scenario.strategies[job.strategy], scenario.worlds[job.world]
    ran = execute(strategy, world, job, job.seeds[0], watch=watch)  # type: ignore[arg-type]
    fresh.status, fresh.error = ran.status, ran.error


@contextmanager
def _unwatched(_sample: Execution, _facts: list[HostFacts]) -> Iterator[None]:
    yield


_MEASURES = {FIGURES: _figures, BYTECODES: _bytecodes, PEAK: _peak}
