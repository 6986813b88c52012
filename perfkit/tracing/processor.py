"""Processor time of threads and spans, from the readings that a recording takes now and then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from perfkit.tracing.open_spans import OpenSpan

_CHARGED = frozenset({"query", "transaction", "request", "connect", "wait"})
"""Kinds that are under way at once: only one of them can have used the processor."""


class ProcessorTime:
    """Asked for spans in order of their start."""

    def __init__(self) -> None:
        self._clocks: dict[int, Callable[[int], int]] = {}
        self._charged: dict[int, int] = {}  # until when a thread's processor time is some operation's

    def read(self, readings: Mapping[int, Sequence[int]]) -> None:
        """Take the readings of each thread so far (``open_spans.Thread``)."""
        self._clocks = {ident: processor_clock(found) for ident, found in readings.items() if found}

    def used_ns(self, span: OpenSpan, ident: int) -> int:
        """What the thread used while the span was open; -1 if that is unknown."""
        clock = self._clocks.get(ident)
        if clock is None or span.end_ns < 0:
            return -1
        start_ns = span.start_ns
        if span.kind in _CHARGED:
            start_ns = max(start_ns, self._charged.get(ident, 0))
            self._charged[ident] = max(start_ns, span.end_ns)
        return max(0, clock(span.end_ns) - clock(start_ns))


def processor_clock(readings: Sequence[int]) -> Callable[[int], int]:
    """Processor time of a thread at any moment, in straight lines between the readings.

    >>> clock = processor_clock([100, 0, 200, 50])
    >>> clock(150), clock(0), clock(900)
    (25, 0, 50)
    """
    moments, used = readings[::2], readings[1::2]

    def at(moment: int) -> int:
        n = bisect_right(moments, moment)
        if n == 0:
            return used[0]
        if n == len(moments):
            return used[-1]
        share = (moment - moments[n - 1]) / (moments[n] - moments[n - 1])
        return used[n - 1] + round(share * (used[n] - used[n - 1]))

    return at
