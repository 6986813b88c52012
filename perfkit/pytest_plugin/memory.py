"""The allocation peak of a test's body, by tracemalloc, without what perfkit's own recording holds."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

_OWN = str(Path(__file__).parent.parent / "*")


class Peak:
    """``bytes`` is the highest that what was allocated between ``resume`` and ``suspend`` added up to.

    From it is taken what perfkit holds at the end: its spans, which only grow. What is left is at most that
    much too low, and never too high.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._ours = False
        self._base = self._own_before = 0

    def resume(self) -> None:
        """Begin, or go on after a pause. Tracing that the program started by itself goes on."""
        self._ours = not tracemalloc.is_tracing()
        if self._ours:
            tracemalloc.start()
        self._own_before = 0 if self._ours else _own_bytes()
        tracemalloc.reset_peak()
        self._base, _ = tracemalloc.get_traced_memory()

    def suspend(self) -> None:
        """End, or pause: while it lasts nothing is traced and nothing costs anything."""
        if not tracemalloc.is_tracing():  # the test ended it
            return
        _, peak = tracemalloc.get_traced_memory()
        self.bytes = max(self.bytes, peak - self._base - max(0, _own_bytes() - self._own_before))
        if self._ours:
            tracemalloc.stop()


def _own_bytes() -> int:
    taken = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, _OWN)])
    return sum(trace.size for trace in taken.traces)
