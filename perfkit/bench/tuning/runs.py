"""Measures settings of one strategy in worker processes, each once, within a budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from perfkit.bench.answers import equal
from perfkit.bench.demand import Load
from perfkit.bench.measure import Job, Measured
from perfkit.bench.pool import Pool
from perfkit.bench.scenario import Scenario, Strategy
from perfkit.bench.tuning.axes import Axes, Values
from perfkit.bench.tuning.judging import judge
from perfkit.model import CellCost
from perfkit.model.tuning import Point


class Ask(NamedTuple):
    """A setting to measure, and why: see ``Point.stage``."""

    values: Values
    stage: str
    size: int
    seed: int


@dataclass
class Budget:
    """What a search may use: runs of each strategy, and real seconds of all together.

    ``stopped`` says which of them was used up. As long as time is not, a search is the same on any machine.
    """

    runs: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    until_s: float = math.inf
    stopped: str = ""

    def __post_init__(self) -> None:
        self._ends_s = self.clock() + self.seconds

    def allow(self, share: float) -> None:
        """Let what follows use that share of the seconds that are left."""
        now_s = self.clock()
        self.until_s = now_s + share * max(0.0, self._ends_s - now_s)

    def left_s(self) -> float:
        """How much time is left."""
        return max(0.0, self.until_s - self.clock())

    def check_time(self) -> bool:
        """Whether there is time left; notes it when there is not."""
        if self.clock() < self.until_s:
            return True
        self.stopped = (
            f"the {self.seconds:g} s of the budget were used up: another machine may get further; "
            "raise --budget, or lower --runs for a result that does not depend on the machine"
        )
        return False


class Runs:
    """All runs of one strategy in one world, searched at ``size``. ``points`` are in the order asked for."""

    def __init__(
        self,
        scenario: Scenario,
        strategy: Strategy,
        world: str,
        size: int,
        axes: Axes,
        pool: Pool,
        budget: Budget,
        *,
        limit_ns: int,
        progress: Callable[[], None],
    ) -> None:
        self.scenario, self.strategy, self.world, self.axes = scenario, strategy, world, axes
        self.size = size
        self.baseline = baseline_of(scenario, strategy, world)
        self.points: dict[tuple[Values, int, int], Point] = {}
        self.loads: dict[Values, Load] = {}
        self.baseline_points: dict[tuple[int, int], Point] = {}
        self.costs: dict[tuple[Values, int, int], CellCost] = {}
        self.warnings: list[str] = []
        self._expected: dict[tuple[int, int], list[Any]] = {}
        self._pool, self._budget, self._limit_ns, self._progress = pool, budget, limit_ns, progress
        self._timeout_s = pool.timeout_s

    def at(self, size: int, seed: int) -> dict[Values, Point]:
        """What was measured at that size under that seed."""
        return {values: point for (values, *place), point in self.points.items() if place == [size, seed]}

    def measure(self, asked: Iterable[Ask]) -> None:
        """Measure what was not measured yet, as far as the budget goes."""
        fresh = self._affordable({(ask.values, ask.size, ask.seed): ask for ask in reversed(list(asked))})
        self._reference({(ask.size, ask.seed) for ask in fresh})
        jobs = [self._job(self.strategy, ask.size, ask.seed, self.axes.setting(ask.values)) for ask in fresh]
        found: dict[tuple[Values, int, int], Measured] = {}
        try:
            for measured in self._run(jobs):
                found[self.axes.values(measured.options), measured.cell.size, measured.seed] = measured
        finally:  # what came before Ctrl-C is kept
            for ask in fresh:
                measured_ask = found.get((ask.values, ask.size, ask.seed))
                if measured_ask is not None:
                    self._enter(ask, measured_ask)

    def _affordable(self, asked: dict[tuple[Values, int, int], Ask]) -> list[Ask]:
        """Those that are new and within the runs of the search; checks of its result come on top."""
        fresh = [asked[key] for key in reversed(asked) if key not in self.points]
        used = sum(1 for point in self.points.values() if point.stage != "check")
        room = max(0, self._budget.runs - used)
        if len(fresh) <= room or fresh[0].stage == "check":
            return fresh
        self._budget.stopped = self._budget.stopped or (
            f"the {self._budget.runs} runs of the budget were used up; raise --runs"
        )
        return fresh[:room]

    def _run(self, jobs: Sequence[Job]) -> Iterable[Measured]:
        """Results as they come, until the time is used up: what is under way then is given up."""
        if not jobs or not self._budget.check_time():
            return
        asked = {(job.strategy, job.size, job.seeds[0], *job.options.values()) for job in jobs}
        self._pool.timeout_s = min(self._timeout_s, self._budget.left_s())
        for measured in self._pool.run(list(jobs)):
            self._progress()
            cell, in_time = measured.cell, self._budget.check_time()
            own = (cell.strategy, cell.size, measured.seed, *measured.options.values()) in asked
            if own and (in_time or cell.status != "timeout"):
                yield measured  # others were still under way when an earlier round ran out of time
            if not in_time:
                return
            self._pool.timeout_s = min(self._timeout_s, self._budget.left_s())

    def _reference(self, places: set[tuple[int, int]]) -> None:
        """The answers that all others must equal: the baseline's, else those of the strategy as declared.

        Not at sizes beyond that of the search, where a baseline may take minutes: see ``_enter``.
        """
        places = {(size, seed) for size, seed in places if size <= self.size}
        both = {strategy.info.name: strategy for strategy in (self.baseline, self.strategy)}
        for strategy in both.values():
            missing = sorted(place for place in places if self._expected.get(place) is None)
            missing = [place for place in missing if strategy.runs(self.world, place[0])]
            for measured in self._run([self._job(strategy, *place, {}) for place in missing]):
                place = (measured.cell.size, measured.seed)
                if measured.cell.status == "ok":
                    self._expected[place] = measured.answers
                if strategy is self.baseline:
                    self.baseline_points[place] = self._point(measured, {}, "baseline", place[1])

    def _job(self, strategy: Strategy, size: int, seed: int, options: dict[str, float]) -> Job:
        return Job(
            self.scenario.file,
            self.scenario.name,
            self.world,
            strategy.info.name,
            size,
            (seed,),
            "virtual",
            self._limit_ns,
            strategy.style,
            options=options,
            brief=True,
        )

    def _enter(self, ask: Ask, measured: Measured) -> None:
        if measured.cell.status == "ok":  # without a baseline's the first answer is the reference
            expected = self._expected.setdefault((ask.size, ask.seed), measured.answers)
            measured.cell.agrees = equal(measured.answers, expected)
        point = self._point(measured, self.axes.setting(ask.values), ask.stage, ask.seed)
        self.points[ask.values, ask.size, ask.seed] = point
        self.costs[ask.values, ask.size, ask.seed] = measured.cost
        if measured.load is not None and ask.stage != "check":
            self.loads[ask.values] = measured.load

    def _point(self, measured: Measured, parameters: dict[str, float], stage: str, seed: int) -> Point:
        return judge(
            measured.cell,
            parameters=parameters,
            stage=stage,
            seed=seed,
            goal=self.scenario.goal,
            limits=self.scenario.limits,
        )


def baseline_of(scenario: Scenario, strategy: Strategy, world: str) -> Strategy:
    """What a strategy is compared with: its group's baseline, else any, else itself as it is declared."""
    found = [
        s for s in scenario.strategies.values() if s.info.baseline and (not s.worlds or world in s.worlds)
    ]
    own = [other for other in found if other.info.group == strategy.info.group]
    return (own or found or [strategy])[0]
