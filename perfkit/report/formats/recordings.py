"""The recordings of a run, and their spans on lanes: in each one spans lie inside each other or apart."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from perfkit.model import Run, Span, Trace, unpack
from perfkit.report import units


class Recording(NamedTuple):
    """A trace and its name; ``scenario`` is the one it belongs to, "" of a program's."""

    name: str
    trace: Trace
    scenario: str = ""


def recordings(run: Run) -> Iterator[Recording]:
    """The recorded program, then each cell whose trace is kept."""
    if run.trace is not None:
        yield Recording(units.clean(" ".join(run.command), 200) or "program", unpack(run.trace))
    for scenario in run.scenarios:
        for cell in scenario.cells:
            if cell.trace is not None:
                place = f"{cell.strategy} at {cell.size:,} {scenario.unit} on {cell.world}"
                name = units.clean(f"{scenario.name}: {place}", 200)
                yield Recording(name, unpack(cell.trace), units.clean(scenario.name, 200))


@dataclass
class Lane:
    """Spans of one task of one thread that nest; ``number`` is 0 for the first lane of the task."""

    thread: int
    task: int
    number: int
    spans: list[Span] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As in "thread 1, task 3, at once 2"."""
        parts = [f"thread {self.thread}" if self.thread else "", f"task {self.task}" if self.task else ""]
        parts.append(f"at once {self.number + 1}" if self.number else "")
        return ", ".join(filter(None, parts)) or "main"


def lanes(trace: Trace, *, by_task: bool = True) -> list[Lane]:
    """Each span on a lane of its thread and task: on its parent's while that is free, else on an idle one.

    The lanes of a task stand together, in order of their first span; without ``by_task`` all tasks of a
    thread share its lanes. A span that has not ended takes no time.

    >>> apart, at_once = Span(1, None, "request", "a", 0, 4), Span(2, None, "request", "b", 3, 9)
    >>> [[span.name for span in lane.spans] for lane in lanes(Trace("wall", 0, 9, [apart, at_once]))]
    [['a'], ['b']]
    """
    tasks: dict[tuple[int, int], list[Span]] = {}
    for span in trace.spans:
        tasks.setdefault((span.thread, span.task if by_task else 0), []).append(span)
    return [lane for (thread, task), spans in tasks.items() for lane in _of_task(thread, task, spans)]


def end_of(span: Span) -> int:
    """Its end; of one that has not ended its start."""
    return max(span.start_ns, span.end_ns)


def _of_task(thread: int, task: int, spans: list[Span]) -> list[Lane]:
    lanes = _Lanes(thread, task)
    for span in sorted(spans, key=lambda one: (one.start_ns, -end_of(one), one.id)):
        lanes.add(span)
    return lanes.found


class _Lanes:
    """The lanes of one task; spans are added in order of their start."""

    def __init__(self, thread: int, task: int) -> None:
        self.found: list[Lane] = []
        self._task = (thread, task)
        self._stacks: list[list[Span]] = []
        self._busy: list[tuple[int, int]] = []
        self._idle: list[int] = []
        self._places: dict[int, int] = {}

    def add(self, span: Span) -> None:
        """Put it below its parent, or on the first lane on which nothing is under way."""
        while self._busy and self._busy[0][0] <= span.start_ns:
            lane = heapq.heappop(self._busy)[1]
            self._stacks[lane].clear()
            heapq.heappush(self._idle, lane)
        lane = self._places.get(span.parent or 0, -1)
        if lane < 0 or not self._fits(lane, span):
            lane = heapq.heappop(self._idle) if self._idle else self._new()
            heapq.heappush(self._busy, (end_of(span), lane))
        self._stacks[lane].append(span)
        self.found[lane].spans.append(span)
        self._places[span.id] = lane

    def _fits(self, lane: int, span: Span) -> bool:
        """Whether its parent is the innermost of the lane, and holds it."""
        stack = self._stacks[lane]
        while stack and end_of(stack[-1]) <= span.start_ns:
            stack.pop()
        return bool(stack) and stack[-1].id == span.parent and end_of(stack[-1]) >= end_of(span)

    def _new(self) -> int:
        self.found.append(Lane(*self._task, number=len(self.found)))
        self._stacks.append([])
        return len(self.found) - 1
