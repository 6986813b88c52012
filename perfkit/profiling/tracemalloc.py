"""Memory by tracemalloc, which every Python has.

It differs from memray in what it can tell: it sees Python objects and not what C libraries allocate on
their own; it knows the height of the peak but not who made it, so sites and tree are of what is alive at the
end; it does not count what was freed, so ``allocations`` and ``allocated_bytes`` are unknown; and it knows at
most FRAMES callers within the capture. An allocation takes some 0.3 to 0.7 us longer, and one that is kept
another 0.5 us at the end.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from types import FrameType

from perfkit.model.profile import Profile
from perfkit.profiling.places import Places, is_machinery
from perfkit.profiling.sites import Held, Summary, sum_up
from perfkit.profiling.tree import below

FRAMES = 32
"""Callers kept of each allocation, besides those of the capture; more make it slower still."""

_END_ONLY = "tracemalloc knows the peak's height only: the sites are of what was alive at the end"


class TracemallocTool:
    """Traces from ``resume`` to ``pause``, once. Tracing that the program started by itself goes on."""

    title = "tracemalloc"
    pauses_between_steps = False

    def __init__(self) -> None:
        self._ours = False
        self._before: tracemalloc.Snapshot | None = None
        self._start: tuple[str, ...] = ()
        self._held_before = self._peak_before = 0
        self._summary: Summary | None = None
        self._peak_bytes = 0
        self._warnings = [_END_ONLY]

    def resume(self, caller: FrameType | None) -> None:
        """Start tracing, or note what the program's own tracing holds so far."""
        self._start = tuple(_files(caller))[::-1]
        self._ours = not tracemalloc.is_tracing()
        if self._ours:
            tracemalloc.start(len(self._start) + FRAMES)
        else:
            self._before = tracemalloc.take_snapshot()
        self._held_before, self._peak_before = tracemalloc.get_traced_memory()

    def pause(self) -> None:
        """Stop tracing, for good; any thread may."""
        held_bytes, peak_bytes = tracemalloc.get_traced_memory()
        try:
            snapshot = tracemalloc.take_snapshot()
        finally:
            if self._ours:
                tracemalloc.stop()
        if not self._ours and peak_bytes == self._peak_before:
            # asking for a peak of our own would reset the program's
            peak_bytes = max(held_bytes, self._held_before)
            self._warnings.append(
                "the program's own tracemalloc had a higher peak before: the peak here is of the end"
            )
        self._peak_bytes = max(0, peak_bytes - self._held_before)
        self._summary = sum_up(self._held(snapshot))

    def abandon(self) -> None:
        """Stop tracing in a forked child, if it was us who started."""
        if self._ours:
            tracemalloc.stop()

    def read(self) -> Profile:
        """What was alive at the end and how much at the peak, as a profile."""
        assert self._summary is not None  # noqa: S101 - it was paused
        return Profile(
            "memory",
            peak_bytes=self._peak_bytes,
            tree=self._summary.tree,
            top=self._summary.top,
            warnings=self._warnings,
        )

    def _held(self, snapshot: tracemalloc.Snapshot) -> Iterator[Held]:
        places = Places()
        for traceback, size, count in self._grown(snapshot):
            raw = [(frame.filename, frame.lineno) for frame in traceback]
            around = tuple(file for file, _ in raw[: len(self._start)])
            seen = raw[len(around) - len(below(around, self._start)) :]
            if not any(is_machinery(file) for file, _ in seen):
                found = (places(file, line, "") for file, line in seen)
                stack = tuple(place for place in found if place is not None)
                yield Held(stack, size, count)

    def _grown(self, snapshot: tracemalloc.Snapshot) -> Iterable[tuple[tracemalloc.Traceback, int, int]]:
        """Tracebacks that hold more than before, with the bytes and blocks they gained."""
        if self._before is None:
            return [(s.traceback, s.size, s.count) for s in snapshot.statistics("traceback")]
        changes = snapshot.compare_to(self._before, "traceback")
        return [(c.traceback, c.size_diff, c.count_diff) for c in changes if c.size_diff > 0]


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back
