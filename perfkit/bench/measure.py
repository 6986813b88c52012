"""One cell measured in this process: a strategy in a world at a size, once per seed.

Raises nothing that the strategy did: failures become the cell's status. Only KeyboardInterrupt passes.
"""

from __future__ import annotations

import asyncio
import importlib.util
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from perfkit.bench.demand import Load, load_of
from perfkit.bench.operations import Operations, operations_of
from perfkit.bench.scenario import Scenario, Strategy
from perfkit.config import load as load_config
from perfkit.errors import (
    DeadlockError,
    MissingExtraError,
    ScenarioError,
    SimulationError,
    VirtualTimeoutError,
)
from perfkit.fingerprints.messages import describe_message
from perfkit.model import Cell, CellCost, Finding, HostFacts, Sample, Trace, busy_ns, pack, peak_overlap
from perfkit.model.plain import text as plain_text
from perfkit.profiling import suspended
from perfkit.recording import record
from perfkit.rules import Limits, check, full_scan
from perfkit.worlds import fine_timers
from perfkit.worlds.base import Access, Running, World

MAX_KEPT_SPANS = 500
"""Spans of a cell's trace that are stored; findings are made from all of them."""

MAX_ERROR_CHARACTERS = 300

SEEN_HERE_TOO = frozenset({"connections", "connects", "queries", "requests", "statements"})
"""Counters of worlds that spans give as well."""


@dataclass(frozen=True)
class Job:
    """What to measure, as plain data, so that it can be sent to another process.

    ``seeds`` has one entry per sample; ``limit_ns`` bounds virtual time. ``style`` "sync" needs a process
    prepared to simulate threads. In wall time ``addresses`` are those of the running world. ``options`` are
    values of the strategy's parameters, by name. A ``brief`` job is not judged by rules and keeps no trace.
    """

    file: str
    scenario: str
    world: str
    strategy: str
    size: int
    seeds: tuple[int, ...]
    clock: str
    limit_ns: int
    style: str = "async"
    addresses: dict[str, str] = field(default_factory=dict)
    options: dict[str, float] = field(default_factory=dict)
    brief: bool = False


@dataclass
class Measured:
    """A cell, what it cost on this machine, and the answer of each seed (for comparing).

    ``delivered`` are facts about the world's links, as measured in wall time. A ``brief`` job gives its
    ``load`` in the trace's place, others the ``operations`` of all of it; both are of the first sample.
    ``options`` and the first ``seed`` are the job's.
    """

    cell: Cell
    cost: CellCost
    answers: list[Any] = field(default_factory=list)
    delivered: dict[str, str] = field(default_factory=dict)
    load: Load | None = None
    operations: Operations | None = None
    options: dict[str, float] = field(default_factory=dict)
    seed: int = 0


Watch = Callable[["Execution", "list[HostFacts]"], "AbstractContextManager[None]"]
"""Makes what is around a strategy while it runs."""


@dataclass
class Execution:
    """What running a strategy once gave; ``trace`` and ``counters`` are set even when it failed.

    ``counters`` are the world's own; ``watch`` is what was around the strategy.
    """

    watch: Watch
    status: str = "ok"
    error: str = ""
    elapsed_ns: int = 0
    computing_ns: int = 0
    answer: Any = None
    trace: Trace | None = None
    counters: dict[str, int] = field(default_factory=dict)
    access: Access | None = None


def measure(scenario: Scenario, job: Job) -> Measured:
    """Run the job's strategy once per seed and sum it up."""
    strategy, world = scenario.strategies[job.strategy], scenario.worlds[job.world]
    cell = Cell(job.world, job.strategy, job.size)
    answers: list[Any] = []
    load: Load | None = None
    operations: Operations | None = None
    computing_ns, started_ns = 0, time.perf_counter_ns()
    if missing := missing_for(strategy):
        cell.status, cell.error = "skipped", missing
    else:
        for seed in job.seeds:
            sample = execute(strategy, world, job, seed)
            _add(cell, sample, seed)
            if seed == job.seeds[0] and sample.trace is not None:
                if job.brief:
                    load = load_of(sample.trace)
                else:
                    operations = operations_of(sample.trace)
                    _judge(cell, sample.trace, strategy, world, job)
            computing_ns = computing_ns or sample.computing_ns
            if cell.status != "ok":
                break
            answers.append(sample.answer)
    real_ns = time.perf_counter_ns() - started_ns
    cost = CellCost(job.scenario, job.world, job.strategy, job.size, computing_ns, real_ns)
    return Measured(
        cell,
        cost,
        answers,
        load=load,
        operations=operations,
        options=dict(job.options),
        seed=job.seeds[0],
    )


def missing_for(strategy: Strategy) -> str:
    """A sentence about the package that the strategy needs and that is not installed, if there is one."""
    if not strategy.needs or importlib.util.find_spec(strategy.needs) is not None:
        return ""
    return str(MissingExtraError(f"strategy {strategy.info.name}", strategy.needs, "scenarios"))


def _judge(cell: Cell, trace: Trace, strategy: Strategy, world: World, job: Job) -> None:
    """Keep what the rules say of the trace, and its beginning."""
    cell.findings = check(trace, Limits.of(load_config()))
    cell.trace = pack(trace, limit=MAX_KEPT_SPANS)
    if cell.status == "ok" and job.clock == "virtual":
        cell.findings += about_plans(trace, strategy, world, job)


def about_plans(trace: Trace, strategy: Strategy, world: World, job: Job) -> list[Finding]:
    """What the plans of the queries in ``trace`` say: asked for in a run of their own, as it takes time."""
    if not trace.of_kind("query"):
        return []
    sample = execute(strategy, world, job, job.seeds[0], watch=_explained)
    if sample.trace is None:
        return []
    return check(sample.trace, Limits.of(load_config()), codes=(full_scan.CODE,))


def execute(
    strategy: Strategy, world: World, job: Job, seed: int, *, watch: Watch | None = None
) -> Execution:
    """Run the strategy once in a fresh world. Whatever it raises becomes the status and the error."""
    sample = Execution(watch=watch or recorded)
    _run_guarded(sample, strategy, world, job, seed)
    return sample


def _run_guarded(sample: Execution, strategy: Strategy, world: World, job: Job, seed: int) -> None:
    try:
        if job.clock == "virtual" and strategy.style == "sync":
            _run_virtual_sync(sample, strategy, world, job, seed)
        elif job.clock == "virtual":
            _run_virtual(sample, strategy, world, job, seed)
        else:
            _run_wall(sample, strategy, world, job, seed)
        _check_comparable(sample.answer)
        _check_figures(sample.access)
    except DeadlockError as error:
        sample.status, sample.error = "deadlock", _cut(str(error))
    except (VirtualTimeoutError, TimeoutError) as error:
        sample.status, sample.error = "timeout", _cut(str(error) or type(error).__name__)
    except SimulationError as error:
        sample.status, sample.error = "failed", _cut(str(error))
    except BaseException as error:  # whatever it raised, it is the result of this cell and of no other
        sample.status, sample.error = "failed", _cut(f"{type(error).__name__}: {_said(error)}")


def _run_virtual(sample: Execution, strategy: Strategy, world: World, job: Job, seed: int) -> None:
    """The world's servers and the strategy on one virtual clock."""
    from perfkit.sim import Network, run

    network = Network(seed=seed)

    async def main() -> None:
        async with world.start(job.size, seed, network) as running:
            access = world.access(running.addresses, job.size, seed, "virtual")
            with _counted(sample, running):
                await _record(sample, strategy, access, world.host_facts(running.addresses), job)

    run(main, network=network, limit_ns=job.limit_ns)


def _run_virtual_sync(sample: Execution, strategy: Strategy, world: World, job: Job, seed: int) -> None:
    """The same for a strategy that blocks: its threads are greenlets, and share the clock."""
    from perfkit.sim import Network, run_sync

    network = Network(seed=seed)

    def main(running: Running) -> None:
        access = world.access(running.addresses, job.size, seed, "virtual")
        with _counted(sample, running), sample.watch(sample, world.host_facts(running.addresses)):
            sample.access = access
            sample.answer = strategy.run(access, access.size, **job.options)

    run_sync(main, network=network, limit_ns=job.limit_ns, world=lambda: world.start(job.size, seed, network))


@contextmanager
def _counted(sample: Execution, running: Running) -> Iterator[None]:
    """Note what the strategy's side computed, without servers and simulator, and what the world counted."""
    from perfkit.sim.blocking import current_loop

    loop = current_loop()
    assert loop is not None  # noqa: S101 - the caller is inside the simulation
    before_ns = loop.computing_ns()
    try:
        yield
    finally:
        sample.computing_ns = loop.computing_ns() - before_ns
        sample.counters.update(running.counters())


def _run_wall(sample: Execution, strategy: Strategy, world: World, job: Job, seed: int) -> None:
    """The strategy in real time against servers in another process."""
    access = world.access(job.addresses, job.size, seed, "wall")
    facts = world.host_facts(job.addresses)
    if strategy.style == "async":
        fine_timers.run(lambda: _record(sample, strategy, access, facts, job))  # links may be made of sleeps
        return
    with sample.watch(sample, facts):
        sample.access = access
        sample.answer = strategy.run(access, access.size, **job.options)


async def _record(
    sample: Execution, strategy: Strategy, access: Access, facts: list[HostFacts], job: Job
) -> None:
    if strategy.info.flaw:
        asyncio.get_running_loop().set_exception_handler(_without_the_unheard)
    with sample.watch(sample, facts):
        sample.access = access
        sample.answer = await strategy.run(access, access.size, **job.options)


def _without_the_unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of a strategy that is known to fail, a traceback for each task it leaves behind would tell nothing."""
    if not context["message"].endswith("exception was never retrieved"):
        loop.default_exception_handler(context)


@contextmanager
def recorded(sample: Execution, facts: list[HostFacts], *, explain: bool = False) -> Iterator[None]:
    """Record and time the block; the trace is there after a failure, too."""
    rec = record(hosts=facts, explain=explain)
    try:
        with suspended("a cell of perfkit bench is timed"), rec:
            start_ns, computing_ns = rec.now_ns(), time.process_time_ns()
            yield
            sample.elapsed_ns = rec.now_ns() - start_ns
            sample.computing_ns = time.process_time_ns() - computing_ns
    finally:
        sample.trace = rec.trace


_explained = partial(recorded, explain=True)


def _check_comparable(answer: Any) -> None:
    """Raises what ``==`` raises, or TypeError where it gives no yes or no (an array does not)."""
    try:
        bool(answer == answer)
    except Exception as error:
        raise TypeError(f"its answer cannot be compared with == ({error}); return plain data") from error


def _check_figures(access: Access | None) -> None:
    for name, value in access.figures.items() if access is not None else ():
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ScenarioError(f"figure {name!r} must be a finite number, not {value!r}")


def _add(cell: Cell, sample: Execution, seed: int) -> None:
    """Enter one sample; the first one also gives counters and figures."""
    cell.status, cell.error = sample.status, sample.error
    if cell.status == "ok":
        cell.samples.append(Sample(seed, sample.elapsed_ns))
    if cell.counters or sample.trace is None:
        return
    trace = sample.trace
    operations = trace.of_kind("request", "query")
    cell.counters = counters_of(sample, trace)
    cell.waiting_ns = busy_ns(operations)
    cell.peak_in_flight = peak_overlap(operations)
    if sample.access is not None and cell.status == "ok":
        cell.figures = dict(sorted(sample.access.figures.items()))
        cell.series = list(sample.access.series)


def counters_of(sample: Execution, trace: Trace) -> dict[str, int]:
    """What the trace shows and what the world counted, by name."""
    return dict(sorted({**count(trace), **_only_there(sample.counters)}.items()))


def _only_there(counters: dict[str, int]) -> dict[str, int]:
    """What nobody but the world can count; not its own count of requests, of each route too, and queries."""
    return {
        name: value
        for name, value in counters.items()
        if value and name not in SEEN_HERE_TOO and " /" not in name
    }


def count(trace: Trace) -> dict[str, int]:
    """The figures without noise in a trace: operations by kind, bytes, answers by status other than 200."""
    counts: Counter[str] = Counter({"request": 0, "connect": 0})
    for span in trace.spans:
        counts[span.kind] += 1
        if span.kind == "request":
            counts["bytes_sent"] += span.attrs.get("bytes_sent", 0)
            counts["bytes_received"] += span.attrs.get("bytes_received", 0)
            status = span.attrs.get("status", 0)
            if status != 200:
                counts[f"status_{status or 'none'}"] += 1
    return dict(counts)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a __str__ of the user's that raises
        return "(its message cannot be shown)"


def _cut(text: str) -> str:
    """One line without secrets."""
    text = describe_message(plain_text(text))
    return text if len(text) <= MAX_ERROR_CHARACTERS else text[: MAX_ERROR_CHARACTERS - 1] + "…"
