"""What the index knows of a run: enough for its row, and for its points in the trends."""

from __future__ import annotations

from msgspec import Struct, field

from perfkit.bench.recommended import pair, time_ns
from perfkit.model import Cell, PackedTrace, Run, ScenarioResult
from perfkit.report import units
from perfkit.report.view import goals, headline

PROGRAM = "program"
COUNTED = ("request", "query")
"""Counters that have a trend, in the order they are shown in."""


class Way(Struct, frozen=True):
    """A strategy at its track's place. Where it did not answer right, ``wrong`` says why."""

    strategy: str
    time_ns: int | None = None
    counters: dict[str, int] = field(default_factory=dict)
    wrong: str = ""


class Track(Struct, frozen=True):
    """A scenario at the place its headline is about. Runs of the same ``key`` can be compared.

    ``baseline`` and ``best`` are the strategies of the headline (best "": none was faster). ``measure`` is
    what times are: "elapsed", or the scenario's goal. ``samples`` is how many a time is the median of.
    """

    scenario: str
    world: str
    place: str
    size: int
    samples: int
    measure: str
    baseline: str
    best: str
    ways: list[Way]

    @property
    def key(self) -> tuple[str, str, int, int, str]:
        """What two runs must have in common, beside clock and seed."""
        return (self.scenario, self.world, self.size, self.samples, self.measure)

    def way(self, strategy: str) -> Way | None:
        """That strategy, or None if it was not measured."""
        return next((way for way in self.ways if way.strategy == strategy), None)


class Summary(Struct, frozen=True):
    """One run. ``names`` is what was measured; ``says`` its headline in a line; texts are clean.

    ``digest`` is equal for two files that hold the same run.
    """

    kind: str
    clock: str
    seed: int
    created: str
    perfkit: str
    outcome: str
    names: list[str]
    says: str
    digest: str
    revision: str = ""
    branch: str = ""
    dirty: bool = False
    tracks: list[Track] = field(default_factory=list)


def summarize(run: Run, digest: str) -> Summary:
    """What the index keeps of ``run``."""
    git = run.machine.git
    scenarios = run.scenarios if run.gate is None else []  # a comparison holds another run's figures
    lines = [f"{h.name}: {h.gain}" if h.name else h.gain for h in headline.headlines(run) if h.gain]
    return Summary(
        kind=units.clean(run.kind, 20),
        clock=units.clean(run.clock, 20),
        seed=run.seed,
        created=units.clean(run.machine.created, 40),
        perfkit=units.clean(run.perfkit, 40),
        outcome=run.outcome.name,
        names=[units.clean(name, 80) for name in _names(run)],
        says=units.clean("; ".join(lines), 400),
        digest=digest,
        revision=units.clean(git.revision, 60) if git else "",
        branch=units.clean(git.branch, 60) if git else "",
        dirty=git.dirty if git else False,
        tracks=[track for scenario in scenarios if (track := _track(scenario)) is not None]
        + ([_recorded(run, run.trace)] if run.trace is not None and run.gate is None else []),
    )


def _names(run: Run) -> list[str]:
    """Scenarios; else the program, the file of traces, or what was compared."""
    if run.scenarios or run.tunings:
        return [scenario.name for scenario in run.scenarios] + [tuning.scenario for tuning in run.tunings]
    if run.imported is not None:
        return [run.imported.source]
    if run.gate is not None and run.gate.base:
        return [f"{run.gate.base} to {run.gate.head}"]
    return [" ".join(run.command[2:])] if run.trace is not None and run.command[2:] else []


def _track(scenario: ScenarioResult) -> Track | None:
    """None when no baseline was measured, for then there is no place that others are compared at."""
    found = pair(scenario)
    if found is None:
        return None
    base = found.baseline
    group = scenario.strategy(base.strategy).group
    cells = [
        cell
        for cell in scenario.cells
        if (cell.world, cell.size) == (base.world, base.size)
        and scenario.strategy(cell.strategy).group == group
        and not scenario.strategy(cell.strategy).flaw
    ]
    return Track(
        scenario=units.clean(scenario.name, 80),
        world=units.clean(base.world, 80),
        place=_place(scenario, base),
        size=base.size,
        samples=len(base.samples),
        measure=goals.name(scenario),
        baseline=units.clean(base.strategy, 80),
        best=units.clean(found.best.strategy, 80) if found.best else "",
        ways=[_way(scenario, cell) for cell in cells if cell.status != "skipped"],
    )


def _recorded(run: Run, trace: PackedTrace) -> Track:
    """A program under ``perfkit run``: it has no strategies, so it is one itself."""
    partly = "cut short" if run.interrupted else "recorded in part" if trace.dropped else ""
    kinds = [trace.names[number] for number in trace.kind]
    program = Way(
        PROGRAM,
        None if partly else trace.end_ns - trace.start_ns,
        {} if partly else {name: kinds.count(name) for name in COUNTED},
        partly,
    )
    name = units.clean(" ".join(_names(run)), 80) or PROGRAM
    return Track(name, "", "as a whole", 0, 1, goals.ELAPSED, PROGRAM, "", [program])


def _place(scenario: ScenarioResult, cell: Cell) -> str:
    world = next((world.title for world in scenario.worlds if world.name == cell.world), "")
    return f"{cell.size:,} {units.clean(scenario.unit, 60)} on {units.clean(world or cell.world, 80)}"


def _way(scenario: ScenarioResult, cell: Cell) -> Way:
    strategy = units.clean(cell.strategy, 80)
    if cell.status != "ok" or cell.agrees is False:
        wrong = "gave another answer" if cell.status == "ok" else cell.status
        return Way(strategy, wrong=units.clean(wrong, 40))
    counters = {name: cell.counters[name] for name in COUNTED if name in cell.counters}
    return Way(strategy, time_ns(scenario, cell), counters)
