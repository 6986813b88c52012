"""What a program is bound by: waiting for others or computing itself, from measured times of both.

Compiling (numba, cython) can only save computing; this says how little of that there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.bench.recommended import pair
from perfkit.model import Cell, Run, ScenarioResult, Trace, Tuning, unpack
from perfkit.model.split import TimeSplit, split_trace
from perfkit.report.units import clean, number, seconds

WAITING_FROM_PERCENT = 90
"""From this share of waiting on, computing faster saves a tenth of the time at most."""


COMPUTING_SHARE = 0.5
"""From this share of the virtual time on, computing keeps the real time from being near it."""

NAMED_FROM = 20
"""One in so many of the time waited for queries and requests together is worth naming."""

PROGRAM = "program"
"""``CellCost.strategy`` of a recorded program, which belongs to no scenario."""

LOCKS = "waiting on locks and the loop"
OTHER = "other waiting (sleep, disk, a busy machine, other libraries)"


@dataclass(frozen=True)
class BoundBy:
    """``waiting_ns`` for ``resource`` beside ``computing_ns``; ``place`` says where both were measured.

    ``locks_ns`` is waiting on locks, queues, sleeps and the event loop. ``other_ns`` is the time that was
    none of these: nothing is known of what was waited for.
    """

    waiting_ns: int
    computing_ns: int
    place: str
    resource: str = "the network"
    other_ns: int = 0
    locks_ns: int = 0

    @property
    def _whole_ns(self) -> int:
        return self.waiting_ns + self.computing_ns + self.locks_ns + self.other_ns

    @property
    def _locks_percent(self) -> int:
        return 100 * self.locks_ns // self._whole_ns if self._whole_ns else 0

    @property
    def percent(self) -> int:
        """Waiting on the resource as a share of the whole, rounded down.

        >>> BoundBy(999, 1, "").percent
        99
        """
        return 100 * self.waiting_ns // self._whole_ns if self._whole_ns else 0

    @property
    def computing_percent(self) -> int:
        """Computing as a share of the whole, rounded up.

        >>> BoundBy(999, 1, "").computing_percent
        1
        """
        return -(-100 * self.computing_ns // self._whole_ns) if self._whole_ns else 0

    @property
    def sentence(self) -> str:
        """What it means for whoever wants to make the program faster."""
        if self.percent >= WAITING_FROM_PERCENT:
            return f"{self.percent} % waiting on {self.resource}: compiling (numba, cython) will not help"
        shares = f"{self.computing_percent} % computing, {self.percent} % waiting on {self.resource}"
        if self.locks_ns:
            shares += f", {self._locks_percent} % {LOCKS}"
        rest = 100 - self.computing_percent - self.percent - self._locks_percent
        if self.other_ns and rest > 0:
            shares += f", {rest} % {OTHER}"
        if 100 - self.computing_percent >= WAITING_FROM_PERCENT:
            return f"{shares}: compiling (numba, cython) will not help"
        return f"{shares}: computing less saves time too"

    @property
    def numbers(self) -> str:
        """The figures that the sentence comes from."""
        parts = [f"{seconds(self.waiting_ns)} waiting", f"{seconds(self.computing_ns)} computing"]
        if self.locks_ns:
            parts.append(f"{seconds(self.locks_ns)} {LOCKS}")
        if self.other_ns:
            parts.append(f"{seconds(self.other_ns)} other waiting")
        return ", ".join([*parts, self.place])


def of_scenario(run: Run, scenario: ScenarioResult) -> BoundBy | None:
    """Of the cell that the headline is about, else of a baseline at the largest size; None without figures.

    Waiting is on the run's clock, computing is processor time of this machine.
    """
    costs = {(c.world, c.strategy, c.size): c for c in run.machine.costs if c.scenario == scenario.name}
    titles = {world.name: world.title or world.name for world in scenario.worlds}
    for cell in _baselines(scenario):
        cost = costs.get((cell.world, cell.strategy, cell.size))
        if cost is not None and cell.samples and cell.waiting_ns:
            place = f"{cell.strategy} at {number(cell.size)} {scenario.unit} on {titles[cell.world]}"
            return BoundBy(cell.waiting_ns, max(0, cost.computing_ns), place, _resource(cell))
    return None


def _baselines(scenario: ScenarioResult) -> Iterator[Cell]:
    """The one that the headline is about first, then the largest."""
    found = pair(scenario)
    if found is not None:
        yield found.baseline
    names = [info.name for info in scenario.strategies if info.baseline]
    for size in sorted(scenario.sizes, reverse=True):
        for world in scenario.worlds:
            cells = (scenario.cell(world.name, name, size) for name in names)
            yield from (cell for cell in cells if cell is not None)


def of_trace(run: Run, trace: Trace | None = None) -> BoundBy | None:
    """Of a recorded program: waiting on its operations beside processor time; None without either figure.

    What is neither counts as other waiting. Threads and processes may do both at once: then the shares are of
    the sum. ``trace`` is the run's, where it has been unpacked already.
    """
    cost = next((c for c in run.machine.costs if not c.scenario and c.strategy == PROGRAM), None)
    if cost is None or run.trace is None:
        return None
    split = split_trace(trace or unpack(run.trace))
    if not split.whole_ns or not split.queries_ns + split.requests_ns + split.waits_ns:
        return None
    computing_ns, waiting_ns = max(0, cost.computing_ns), split.queries_ns + split.requests_ns
    return BoundBy(
        waiting_ns,
        computing_ns,
        "processor time of all threads and recorded processes",
        _waited_for(split),
        max(0, split.whole_ns - waiting_ns - split.waits_ns - computing_ns),
        split.waits_ns,
    )


def lower_bounds(run: Run, scenario: ScenarioResult) -> list[str]:
    """A sentence for each cell whose virtual time a real machine will not reach, because it must compute.

    Virtual time counts no computing. Where the calls' own processor time is more than half of it, what it
    says is only the least that the real time can be.
    """
    costs = {(c.world, c.strategy, c.size): c for c in run.machine.costs if c.scenario == scenario.name}
    found = []
    for cell in scenario.cells if run.clock == "virtual" else []:
        cost = costs.get((cell.world, cell.strategy, cell.size))
        if cost and cell.elapsed_ns and cost.computing_ns > COMPUTING_SHARE * cell.elapsed_ns:
            found.append(
                f"{clean(cell.strategy, 60)} at {number(cell.size)} {clean(scenario.unit, 40)} on "
                f"{clean(cell.world, 60)}: CPU-bound, {seconds(cell.elapsed_ns)} is a lower bound only "
                f"(this machine computes {seconds(cost.computing_ns)} for it)"
            )
    return found


def of_tuning(run: Run, tuning: Tuning) -> str:
    """The same sentence for the setting that a tuning chose, or an empty text."""
    chosen = tuning.point(tuning.chosen)
    elapsed_ns = chosen.figures.get("elapsed_ns", 0) if chosen else 0
    key = (tuning.scenario, tuning.world, tuning.strategy, tuning.size)
    costs = [c for c in run.machine.costs if (c.scenario, c.world, c.strategy, c.size) == key]
    if not costs or costs[0].computing_ns <= COMPUTING_SHARE * elapsed_ns:
        return ""
    return (
        f"{clean(tuning.strategy, 60)} as chosen: CPU-bound, {seconds(elapsed_ns)} is a lower bound only "
        f"(this machine computes {seconds(costs[0].computing_ns)} for it)"
    )


def _waited_for(split: TimeSplit) -> str:
    """Both are named only where each is a part worth naming."""
    both = split.queries_ns + split.requests_ns
    if min(split.queries_ns, split.requests_ns) * NAMED_FROM > both:
        return "the database and the network"
    return "the database" if split.queries_ns > split.requests_ns else "the network"


def _resource(cell: Cell) -> str:
    return (
        "the database" if cell.counters.get("query") and not cell.counters.get("request") else "the network"
    )
