"""``tune``: a scenario in, a Run with what was found out. The whole job in its order; prints nothing."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perfkit.bench.environment import describe_machine
from perfkit.bench.pool import Pool, default_workers
from perfkit.bench.scenario import Scenario, Strategy
from perfkit.bench.tuning.axes import Axes, Axis
from perfkit.bench.tuning.checks import verify
from perfkit.bench.tuning.explain import explain, warnings_of
from perfkit.bench.tuning.judging import best
from perfkit.bench.tuning.knee import knee_of
from perfkit.bench.tuning.runs import Budget, Runs
from perfkit.bench.tuning.search import beside, search
from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import Run
from perfkit.model.tuning import INTERRUPTED, Point, Step, Tuning

Progress = Callable[[int, int], None]
"""Called with the number of runs done and the most there will be."""

SEARCH_SHARE = 0.6
"""Of the time for a strategy; the rest is for trying its choice elsewhere, on whole sizes."""

CHECK_SHARE = 0.95
"""Of the time that is left then; storing and drawing take some too."""


@dataclass(frozen=True)
class TunePlan:
    """What to tune and how long. Empty ``strategies``: all with parameters and without a flaw.

    An empty ``world`` is the first that they run in; ``size`` 0 the largest of the scenario's default sizes.
    ``runs`` is for each strategy, ``budget_s`` real seconds for all. ``limit_s`` bounds a run in virtual,
    ``timeout_s`` in real seconds.
    """

    strategies: tuple[str, ...] = ()
    world: str = ""
    size: int = 0
    seed: int = 1
    runs: int = 100
    budget_s: float = 160.0
    timeout_s: float = 120.0
    limit_s: float = 86_400.0
    workers: int = 0
    command: tuple[str, ...] = ()


def tune(
    scenario: Scenario, plan: TunePlan, *, folder: Path | None = None, progress: Progress | None = None
) -> Run:
    """Search the parameters of ``scenario``'s strategies. Ctrl-C ends it early; what was measured is kept.

    Raises UsageError where no strategy has parameters, and UnknownNameError for a name that is none.
    """
    from perfkit import __version__

    strategies = _strategies(scenario, plan)
    size = plan.size or max(scenario.default_sizes)
    _check(scenario, plan, size)
    run = Run("tune", "virtual", plan.seed, describe_machine(folder or Path.cwd()))
    run.perfkit, run.command = __version__, list(plan.command)
    started_ns = time.perf_counter_ns()
    told = _Told(progress, len(strategies) * plan.runs)
    workers = plan.workers or default_workers()
    try:
        with Pool(workers, timeout_s=min(plan.timeout_s, plan.budget_s)) as pool:
            job = _Tuner(run, scenario, plan, size, pool, Budget(plan.runs, plan.budget_s), told)
            for number, strategy in enumerate(strategies):
                job.tune(strategy, 1 / (len(strategies) - number))
    except KeyboardInterrupt:
        run.interrupted = True
        run.warnings.append("interrupted: only what was measured before is shown")
    run.machine.real_ns = time.perf_counter_ns() - started_ns
    return run


class _Told:
    """Counts runs for whoever shows the progress."""

    def __init__(self, progress: Progress | None, most: int) -> None:
        self.done, self.most, self.progress = 0, most, progress

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(min(self.done, self.most), self.most)


@dataclass
class _Tuner:
    """What all strategies share."""

    run: Run
    scenario: Scenario
    plan: TunePlan
    size: int
    pool: Pool
    budget: Budget
    told: Callable[[], None]

    def tune(self, strategy: Strategy, share: float) -> None:
        """One strategy with a share of the time left. What was measured when it ends is put into ``run``."""
        plan, axes = self.plan, axes_of(strategy)
        world = plan.world or next(w for w in self.scenario.worlds if strategy.runs(w, self.size))
        runs = Runs(
            self.scenario,
            strategy,
            world,
            self.size,
            axes,
            self.pool,
            self.budget,
            limit_ns=round(plan.limit_s * 1e9),
            progress=self.told,
        )
        tuning = _empty(self.scenario, strategy, world, self.size, plan, axes)
        self.run.tunings.append(tuning)
        self.budget.stopped = ""
        try:
            self.budget.allow(SEARCH_SHARE * share)
            chosen = search(runs, self.size, plan.seed, plan.runs)
            if chosen is not None:
                self.budget.allow(CHECK_SHARE * share)
                verify(runs, chosen, tuning)
        except KeyboardInterrupt:
            self.budget.stopped = INTERRUPTED
            raise
        finally:
            _fill(tuning, runs, self.budget)
            if tuning.chosen is not None:
                key = (axes.values(tuning.chosen), self.size, plan.seed)
                self.run.machine.costs.append(runs.costs[key])


def _fill(tuning: Tuning, runs: Runs, budget: Budget) -> None:
    """Put what was measured, and what it says, into the result."""
    at_size = runs.at(tuning.size, tuning.seed)
    tuning.points = list(at_size.values())
    tuning.baseline = runs.baseline.info.name
    tuning.baseline_points = [point for _, point in sorted(runs.baseline_points.items())]
    tuning.stopped = budget.stopped
    chosen = tuning.point(tuning.chosen) or best(tuning.points)
    if chosen is not None:
        tuning.chosen = chosen.parameters
        tuning.steps = _steps(runs, chosen)
        tuning.knee = knee_of(runs, chosen)
    tuning.warnings += warnings_of(tuning)
    tuning.sentences = explain(tuning)


def _steps(runs: Runs, chosen: Point) -> list[Step]:
    """The choice with one parameter at its next declared value, as far as that was measured."""
    measured, found = runs.at(chosen.size, chosen.seed), []
    for values in beside(runs, chosen):
        point = measured.get(values)
        if point is None:
            continue
        (name,) = (name for name, value in point.parameters.items() if value != chosen.parameters[name])
        change = None
        if point.goal is not None and chosen.goal:
            change = point.goal / chosen.goal - 1
        found.append(Step(name, point.parameters[name], point.goal, change, point.broken))
    return found


def _empty(
    scenario: Scenario, strategy: Strategy, world: str, size: int, plan: TunePlan, axes: Axes
) -> Tuning:
    return Tuning(
        scenario=scenario.name,
        strategy=strategy.info.name,
        world=world,
        world_title=scenario.worlds[world].info(world).title or world,
        size=size,
        unit=scenario.unit,
        seed=plan.seed,
        parameters={axis.name: list(axis.values) for axis in axes},
        defaults=axes.setting(axes.default),
        goal=dict(scenario.goal),
        limits=dict(scenario.limits),
    )


def axes_of(strategy: Strategy) -> Axes:
    """The strategy's parameters. One whose values and default are whole numbers stays whole."""
    declared = inspect.signature(strategy.run).parameters
    found = []
    for name, values in strategy.info.parameters.items():
        default = declared[name].default
        whole = all(isinstance(value, int) for value in (*values, default))
        found.append(Axis(name, tuple(values), default, whole))
    return Axes(found)


def _strategies(scenario: Scenario, plan: TunePlan) -> list[Strategy]:
    tunable = {name: s for name, s in scenario.strategies.items() if s.info.parameters}
    for name in plan.strategies:
        if name not in scenario.strategies:
            raise UnknownNameError("strategy", name, scenario.strategies)
    if not tunable:
        raise UsageError(
            f"scenario {scenario.name} has no strategy with parameters; declare some: "
            '@scenario.strategy(tune={"batch": (1, 10, 50)}) on a function (world, size, *, batch=10)'
        )
    for name in plan.strategies:
        if name not in tunable:
            raise UsageError(
                f"strategy {name} has no parameters; declare some with tune=, or name one of "
                f"{', '.join(tunable)}"
            )
    named = [tunable[name] for name in dict.fromkeys(plan.strategies)]
    return named or [s for s in tunable.values() if not s.info.flaw] or list(tunable.values())


def _check(scenario: Scenario, plan: TunePlan, size: int) -> None:
    if plan.world and plan.world not in scenario.worlds:
        raise UnknownNameError("world", plan.world, scenario.worlds)
    if size not in scenario.sizes:
        raise UnknownNameError("size", str(size), map(str, scenario.sizes))
    if plan.runs < 2:
        raise UsageError(f"runs must be 2 or more, not {plan.runs}")
    if plan.workers < 0:
        raise UsageError(f"workers must be 0 (one per core) or more, not {plan.workers}")
    for strategy in _strategies(scenario, plan):
        worlds = [plan.world] if plan.world else list(scenario.worlds)
        if not any(strategy.runs(world, size) for world in worlds):
            place = f"{size} {scenario.unit}" + (f" on {plan.world}" if plan.world else "")
            raise UsageError(f"strategy {strategy.info.name} is not declared for {place}; name another")
