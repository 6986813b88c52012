"""Pairs of processes, one after another, until every benchmark is decided or its time is up."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perfkit.bench.ab.links import Link, SideLostError
from perfkit.bench.ab.lockstep import PairValue, time_pair
from perfkit.bench.ab.pair import started_pair
from perfkit.bench.ab.plan import AbPlan, Side
from perfkit.bench.ab.timings import Benchmark, timing_of
from perfkit.errors import NothingToCompareError, UsageError
from perfkit.model import Timing

Progress = Callable[[str], None]

PATIENCE_S = 5.0
"""How long a side may take to tidy up after its last benchmark in a pair."""

_TRIES = 2
"""Pairs in a row that may come to nothing before the comparison gives up."""


@dataclass(frozen=True)
class Compared:
    """The result: a timing per benchmark, in the base's order, and sentences that change no verdict.

    ``interrupted`` says that Ctrl-C ended it: benchmarks decided by then keep their verdicts. ``values`` are
    the pairs behind each timing.
    """

    timings: list[Timing]
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    values: Mapping[str, list[PairValue]] = field(default_factory=dict)


def compare(
    base: Side,
    head: Side,
    entry: str,
    options: Mapping[str, Any],
    plan: AbPlan,
    progress: Progress | None = None,
) -> Compared:
    """Time the benchmarks that ``entry`` ("module:function") finds in both trees.

    ``options`` (JSON) are handed to the entry point; ``progress`` is told how far it is. Raises
    NothingToCompareError when a side finds nothing or fails before it has told what it has, and UsageError
    when a side says that the command is wrong.
    """
    comparison = _Comparison(base, head, entry, options, plan, progress or (lambda _: None))
    try:
        interrupted = False
        comparison.run()
    except KeyboardInterrupt:
        interrupted = True
    known = list(comparison.benchmarks.values())
    timings = [timing_of(benchmark, interrupted=interrupted) for benchmark in known]
    values = {benchmark.name: benchmark.values for benchmark in known}
    return Compared(timings, comparison.notes, interrupted, values)


class _Comparison:
    def __init__(
        self,
        base: Side,
        head: Side,
        entry: str,
        options: Mapping[str, Any],
        plan: AbPlan,
        progress: Progress,
    ) -> None:
        self._sides = base, head
        self._entry, self._options, self._plan = entry, options, plan
        self._progress = progress
        self._draw = random.Random(plan.seed)
        self.benchmarks: dict[str, Benchmark] = {}
        self.notes: list[str] = []
        self._fork = not (unfit := _unfit(base, head))
        if unfit:
            self._note_processes(unfit)

    def run(self) -> None:
        """Pair after pair, until nothing is open, or pairs come to nothing."""
        barren = 0
        while barren < _TRIES and (not self.benchmarks or self._wanted()):
            before = self._gained()
            self._run_pair()
            barren = 0 if self._gained() > before else barren + 1

    def _gained(self) -> int:
        return sum(len(one.values) + bool(one.problem) for one in self.benchmarks.values())

    def _wanted(self) -> list[str]:
        budget_ns = int(self._plan.budget_s * 1e9)
        return [name for name, benchmark in self.benchmarks.items() if benchmark.is_open(budget_ns)]

    def _run_pair(self) -> None:
        start_ns = time.perf_counter_ns()
        plan = self._plan
        with started_pair(
            *self._sides, self._entry, self._options, plan, self._draw, fork=self._fork
        ) as links:
            wanted = self._agree(links)
            started_ns = time.perf_counter_ns() - start_ns
            for name in wanted:
                self.benchmarks[name].real_ns += started_ns // len(wanted)
            self._measure(links, wanted)

    def _agree(self, links: tuple[Link, Link]) -> list[str]:
        """What this pair measures: the sides tell what they have, and are told what is wanted of it."""
        offers = [link.offered() for link in links]
        if any(link.unfit for link in links):
            self._fork = False
            self._note_processes(next(link.over for link in links if link.unfit))
            return []
        base, head = offers
        if base is None or head is None:
            self._lose(links[0] if base is None else links[1])
            return []
        if not self.benchmarks:
            self.benchmarks = known_benchmarks(base, head, "fork" if self._fork else "processes")
        wanted = self._wanted()
        for name in set(wanted) - (set(base) & set(head)):
            self.benchmarks[
                name
            ].problem = "one of the sides had it in the first pair, and not in a later one"
            wanted.remove(name)
        for link in links:
            link.send(names=wanted)
        return wanted

    def _note_processes(self, why: str) -> None:
        self.notes.append(f"base and head were started as two processes and not forked from one: {why}")

    def _lose(self, link: Link) -> None:
        """A side came to nothing: the whole comparison does, or just this pair if others went well."""
        printed = "" if link.refused else link.printed()
        message = f"the {link.side} has nothing to compare: {link.over}" + (f"\n{printed}" if printed else "")
        if not self.benchmarks:
            wrong = link.usage and link.side == "head"  # what the head has may be new, and no mistake
            raise UsageError(message) if wrong else NothingToCompareError(message)
        self.notes.append(f"a pair came to nothing: {message}")

    def _measure(self, links: tuple[Link, Link], wanted: list[str]) -> None:
        places = {name: place for place, name in enumerate(wanted)}
        for name, here in places.items():
            benchmark = self.benchmarks[name]
            self._progress(f"{name}: pair {len(benchmark.values) + 1}")
            start_ns = time.perf_counter_ns()

            def later(other: str, here: int = here) -> bool:
                return places.get(other, -1) > here

            reached = [link for link in links if link.reach(name, later)]
            if len(reached) == len(links):
                self._time(benchmark, links)
            else:
                benchmark.problem = _absence(name, links)
            for link in reached:
                if not link.over and name not in link.failures:
                    link.send(do="leave")
            benchmark.real_ns += time.perf_counter_ns() - start_ns
            if any(link.over for link in links):
                return
        for link in links:
            link.finish(PATIENCE_S)
        for name in places:  # what failed after it was measured gave a time, but not of the right thing
            if any(name in link.failures for link in links):
                self.benchmarks[name].problem = _absence(name, links)

    def _time(self, benchmark: Benchmark, links: tuple[Link, Link]) -> None:
        try:
            value, benchmark.loops = time_pair(benchmark.name, *links, benchmark.loops, self._draw)
        except SideLostError:
            benchmark.problem = _absence(benchmark.name, links)
        else:
            benchmark.add(value)


def _unfit(base: Side, head: Side) -> str:
    """Why the sides cannot be forked from one process; empty when they can."""
    if not sys.platform.startswith("linux"):
        return f"forking a program that runs is not safe on {sys.platform}"
    if base.python != head.python or dict(base.environment) != dict(head.environment):
        return "they have environments of their own"
    return ""


def known_benchmarks(base: Sequence[str], head: Sequence[str], method: str) -> dict[str, Benchmark]:
    """The benchmarks of both sides, in the base's order; those of one only have that as their problem."""
    common = set(base) & set(head)
    benchmarks = {}
    for name in dict.fromkeys([*base, *head]):
        benchmark = benchmarks[name] = Benchmark(name, method, family=len(common))
        if name not in common:
            has, lacks = ("base", "head") if name in base else ("head", "base")
            benchmark.problem = f"only in the {has}: there is nothing in the {lacks} to compare it with"
    if not benchmarks:
        raise NothingToCompareError("neither the base nor the head has a benchmark to compare")
    return benchmarks


def _absence(name: str, links: Sequence[Link]) -> str:
    """Why a pair has no value for the benchmark: it is not tried again."""
    for link in links:
        if name in link.failures:
            return f"failed in the {link.side}: {link.failures[name]}"
    for link in links:
        if link.over:
            tail = link.printed().splitlines()[-3:]
            return ": ".join([f"the {link.side} did not finish it: {link.over}", *tail])
    return (
        "collected, but not measured: it was skipped, or the sides run their benchmarks in different orders"
    )
