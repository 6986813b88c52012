"""What suggestions are made from: a strategy of a stored run with its peers, or a recorded program."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from perfkit.model import (
    Cell,
    CellCost,
    Finding,
    Run,
    ScenarioResult,
    Span,
    Trace,
    Tuning,
    WorldInfo,
    peak_overlap,
    unpack,
)
from perfkit.model.split import TimeSplit, split_trace

PROGRAM = "program"
"""``CellCost.strategy`` of a recorded program."""


class Advice(Struct, frozen=True):
    """One thing to change. ``why`` rests on ``figures``, short facts; ``worth_ns`` is what it should save.

    ``worth_ns`` None: not known. ``about`` names what it is about, so that equal advice is given once.
    """

    code: str
    what: str
    why: str
    figures: tuple[str, ...]
    where: str
    about: str = ""
    worth_ns: int | None = None


class Suggestions(Struct, frozen=True):
    """All advice, most worth first; what it was looked for in, and what was looked for."""

    advice: list[Advice]
    cases: list[str]
    looked_at: list[str]


class Case(Struct):
    """A cell at the largest size at which its strategy ended well, or a recorded program, or a tuning.

    ``smaller`` are the same strategy's cells at all sizes, ``peers`` the other right ones of its group here.
    """

    where: str
    about: str
    elapsed_ns: int
    counters: dict[str, int]
    figures: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    clock: str = "virtual"
    peak_in_flight: int = 0
    waiting_ns: int = 0
    computing_ns: int = 0
    trace: Trace | None = None
    cell: Cell | None = None
    world: WorldInfo | None = None
    smaller: list[Cell] = field(default_factory=list)
    peers: list[Cell] = field(default_factory=list)
    split: TimeSplit | None = None
    tuning: Tuning | None = None

    @property
    def operations(self) -> int:
        """Requests and queries."""
        return operations_of(self.counters)

    def of_rule(self, code: str) -> Finding | None:
        """The finding of that rule with the largest saving, or None."""
        found = [finding for finding in self.findings if finding.rule == code]
        return max(found, key=lambda finding: finding.saving_ns or 0, default=None)

    def spans(self, *kinds: str) -> list[Span]:
        """Spans of the trace that was kept; of a cell that is its beginning."""
        return self.trace.of_kind(*kinds) if self.trace else []


def operations_of(counters: dict[str, int]) -> int:
    """Requests and queries among counters."""
    return counters.get("request", 0) + counters.get("query", 0)


def cases(run: Run) -> Iterator[Case]:
    """All there are in ``run``. Strategies that declare a flaw are left out: they are kept to go wrong."""
    for scenario in run.scenarios:
        for info in scenario.strategies:
            for world in scenario.worlds if not info.flaw else []:
                cells = [c for c in scenario.cells if (c.world, c.strategy) == (world.name, info.name)]
                if case := _of_cells(run, scenario, world, cells):
                    yield case
    if run.trace is not None:
        yield _of_trace(run, unpack(run.trace))
    elif run.findings:
        yield Case("the traces that were read", "traces", 0, {}, findings=run.findings, clock=run.clock)
    for tuning in run.tunings:
        where = f"{tuning.strategy} at {tuning.size:,} {tuning.unit} on {tuning.world_title}"
        yield Case(where, f"{tuning.scenario}/{tuning.strategy}", 0, {}, tuning=tuning)


def _of_cells(run: Run, scenario: ScenarioResult, world: WorldInfo, cells: list[Cell]) -> Case | None:
    right = [cell for cell in cells if _is_right(cell)]
    if not right:
        return None
    cell = max(right, key=lambda cell: cell.size)
    peers = [
        other
        for other in scenario.cells
        if (other.world, other.size) == (cell.world, cell.size)
        and other is not cell
        and _is_right(other)
        and scenario.strategy(other.strategy).group == scenario.strategy(cell.strategy).group
    ]
    key = (scenario.name, cell.world, cell.strategy, cell.size)
    costs = {(c.scenario, c.world, c.strategy, c.size): c for c in run.machine.costs}
    return Case(
        where=f"{cell.strategy} at {cell.size:,} {scenario.unit} on {world.title or world.name}",
        about=f"{scenario.name}/{cell.strategy}",
        elapsed_ns=cell.elapsed_ns or 0,
        counters=cell.counters,
        figures=cell.figures,
        findings=cell.findings,
        clock=run.clock,
        peak_in_flight=cell.peak_in_flight,
        waiting_ns=cell.waiting_ns,
        computing_ns=_computing_ns(costs.get(key)),
        trace=unpack(cell.trace) if cell.trace else None,
        cell=cell,
        world=world,
        smaller=sorted(cells, key=lambda cell: cell.size),
        peers=peers,
    )


def _is_right(cell: Cell) -> bool:
    return cell.status == "ok" and cell.agrees is not False and cell.elapsed_ns is not None


def _of_trace(run: Run, trace: Trace) -> Case:
    cost = next((c for c in run.machine.costs if not c.scenario and c.strategy == PROGRAM), None)
    counters: dict[str, int] = {}
    for span in trace.spans:
        counters[span.kind] = counters.get(span.kind, 0) + 1
        status = span.attrs.get("status", 200)
        if span.kind == "request" and status != 200:
            counters[f"status_{status or 'none'}"] = counters.get(f"status_{status or 'none'}", 0) + 1
    return Case(
        where="the recorded program",
        about=PROGRAM,
        elapsed_ns=trace.duration_ns,
        counters=counters,
        findings=run.findings,
        clock=run.clock,
        peak_in_flight=peak_overlap(trace.of_kind("request", "query")),
        computing_ns=_computing_ns(cost),
        trace=trace,
        split=split_trace(trace),
    )


def _computing_ns(cost: CellCost | None) -> int:
    return max(0, cost.computing_ns) if cost else 0
