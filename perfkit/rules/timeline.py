"""When something was under way: moments merged to stretches, so that any part can be asked for at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from perfkit.model import Span


class Timeline:
    """The union of the intervals of ``spans``, which are in order of their start.

    >>> line = Timeline([Span(1, None, "request", "a", 0, 10), Span(2, None, "request", "b", 5, 20)])
    >>> line.busy_ns(0, 100), line.busy_ns(8, 12)
    (20, 4)
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = [0]
        for span in spans:
            if span.end_ns < span.start_ns:
                continue
            if self._ends and span.start_ns <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], span.end_ns)
            else:
                self._starts.append(span.start_ns)
                self._ends.append(span.end_ns)
        for start, end in zip(self._starts, self._ends, strict=True):
            self._before.append(self._before[-1] + end - start)

    def busy_ns(self, start_ns: int, end_ns: int) -> int:
        """Nanoseconds between two moments during which something was under way."""
        first = bisect_right(self._ends, start_ns)
        last = bisect_left(self._starts, end_ns)
        if first >= last or end_ns <= start_ns:
            return 0
        whole = self._before[last] - self._before[first]
        return whole - max(0, start_ns - self._starts[first]) - max(0, self._ends[last - 1] - end_ns)
