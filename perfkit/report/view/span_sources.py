"""Which recordings of a run are shown span by span, in which lanes, on which axes of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from perfkit.model import PackedTrace, Run
from perfkit.report import units
from perfkit.report.view import lanes
from perfkit.report.view.strategies import groups

MAX_TASK_LANES = 12
"""With more tasks than this a thread's tasks share its lane."""


@dataclass
class Source:
    """A trace to be shown as lanes; ``name`` is the strategy's, or None for a recorded program.

    ``took_ns`` is how long it took by its own account.
    """

    name: str | None
    packed: PackedTrace
    took_ns: int

    @property
    def whole_ns(self) -> int:
        """How long it took, to its last span's end where that is later than its own."""
        packed = self.packed
        last_ns = max(max(times, default=0) for times in (packed.span_start_ns, packed.span_end_ns))
        return max(1, self.took_ns, last_ns - packed.start_ns)

    def lanes(self, kept: list[int]) -> dict[str, list[int]]:
        """The kept spans of each lane, by its name: a strategy is one lane, a program has its tasks."""
        if self.name is not None:
            return {self.name: kept}
        packed = self.packed
        found: dict[tuple[int, int], list[int]] = {}
        by_task = len(set(zip(packed.thread, packed.task, strict=True))) <= MAX_TASK_LANES
        for n in kept:
            found.setdefault((packed.thread[n], packed.task[n] if by_task else 0), []).append(n)
        return {lane_name(thread, task): found[thread, task] for thread, task in sorted(found)}


@dataclass
class Group:
    """Sources on one time axis."""

    title: str
    sources: list[Source] = field(default_factory=list)


def groups_of(run: Run) -> Iterator[Group]:
    """The recorded program, then what each waterfall of the scenarios shows, in the page's order."""
    if run.trace is not None:
        yield Group("the recorded program", [Source(None, run.trace, run.trace.end_ns - run.trace.start_ns)])
    for scenario in run.scenarios:
        for world in scenario.worlds:
            for name in groups(scenario):
                cells = lanes.shown(scenario, world, name)
                if not cells:
                    continue
                title = lanes.title(scenario, world, name, cells[0].size)
                group = Group(f"{units.clean(scenario.name, 60)}, {title}")
                for cell in cells:
                    if cell.trace is not None:
                        took_ns = cell.samples[0].elapsed_ns if cell.samples else 0
                        group.sources.append(Source(units.clean(cell.strategy, 60), cell.trace, took_ns))
                yield group


def not_shown(run: Run, shown: list[Group]) -> int:
    """How many recordings of the run's strategies are in no group."""
    stored = sum(cell.trace is not None for scenario in run.scenarios for cell in scenario.cells)
    return stored - sum(source.name is not None for group in shown for source in group.sources)


def lane_name(thread: int, task: int) -> str:
    """What a lane of a recorded program is called.

    >>> lane_name(1, 3), lane_name(2, 0), lane_name(0, 0)
    ('thread 1, task 3', 'thread 2', 'the program')
    """
    words = [f"{word} {number}" for word, number in (("thread", thread), ("task", task)) if number]
    return ", ".join(words) or "the program"
