"""What a program is bound by: waiting for others or computing itself, from measured times of both.

Compiling (numba, cython) can only save computing; this says how little of that there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model import Cell, Run, ScenarioResult, Trace, busy_ns
from perfkit.report.units import number, seconds

WAITING_FROM_PERCENT = 90
"""From this share of waiting on, computing faster saves a tenth of the time at most."""


@dataclass(frozen=True)
class BoundBy:
    """``waiting_ns`` for ``resource`` beside ``computing_ns``; ``place`` says where both were measured."""

    waiting_ns: int
    computing_ns: int
    place: str
    resource: str = "the network"

    @property
    def percent(self) -> int:
        """Waiting as a share of waiting and computing, rounded down.

        >>> BoundBy(999, 1, "").percent
        99
        """
        whole = self.waiting_ns + self.computing_ns
        return 100 * self.waiting_ns // whole if whole else 0

    @property
    def sentence(self) -> str:
        """What it means for whoever wants to make the program faster."""
        if self.percent >= WAITING_FROM_PERCENT:
            return f"{self.percent} % waiting on {self.resource}: compiling (numba, cython) will not help"
        shares = f"{100 - self.percent} % computing, {self.percent} % waiting on {self.resource}"
        return f"{shares}: computing less saves time too"

    @property
    def numbers(self) -> str:
        """The figures that the sentence comes from."""
        return f"{seconds(self.waiting_ns)} waiting, {seconds(self.computing_ns)} computing, {self.place}"


def of_scenario(run: Run, scenario: ScenarioResult) -> BoundBy | None:
    """Of the first baseline at the largest size that has both figures; None if none has.

    Waiting is on the run's clock, computing is processor time of this machine.
    """
    costs = {(c.world, c.strategy, c.size): c for c in run.machine.costs if c.scenario == scenario.name}
    baselines = [info.name for info in scenario.strategies if info.baseline]
    for size in sorted(scenario.sizes, reverse=True):
        for world in scenario.worlds:
            for name in baselines:
                cell, cost = scenario.cell(world.name, name, size), costs.get((world.name, name, size))
                if cell is not None and cost is not None and cell.samples and cell.waiting_ns:
                    place = f"{name} at {number(size)} {scenario.unit} on {world.title or world.name}"
                    return BoundBy(cell.waiting_ns, max(0, cost.computing_ns), place, _resource(cell))
    return None


def of_trace(trace: Trace) -> BoundBy | None:
    """Of one recording: all that is not waiting counts as computing, so waiting is never said to be more."""
    operations = trace.of_kind("request", "query")
    if not operations or trace.duration_ns <= 0:
        return None
    waiting_ns = min(busy_ns(operations), trace.duration_ns)
    kinds = {span.kind for span in operations}
    resource = "the database" if kinds == {"query"} else "the network"
    return BoundBy(
        waiting_ns, trace.duration_ns - waiting_ns, "all that is not waiting taken as computing", resource
    )


def _resource(cell: Cell) -> str:
    return (
        "the database" if cell.counters.get("query") and not cell.counters.get("request") else "the network"
    )
