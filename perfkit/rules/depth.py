"""Depth: how many round trips of a trace had to come one after another."""

from __future__ import annotations

from perfkit.model import Trace

ROUND_TRIPS = ("connect", "query", "request", "transaction")
"""Kinds of spans that wait for another machine."""


def depth(trace: Trace) -> int:
    """The length of the longest chain of round trips, each started when the one before had ended, or later.

    That is sequence and not data: two calls in a row make a chain even if the second needs nothing of the
    first. What runs at once counts once, so a loop that becomes a ``gather`` brings it down from n to 1, and
    no number of parallel calls raises it. A chain may go from task to task. Operations that had not ended
    are left out. Time grows as n log n.

    >>> from perfkit.model import Span
    >>> serial = [Span(1, None, "query", "a", 0, 10), Span(2, None, "query", "b", 10, 20)]
    >>> depth(Trace("virtual", 0, 20, [*serial, Span(3, None, "request", "c", 5, 20)]))
    2
    """
    # the chain that takes whatever ends first is a longest one
    length, reached_ns = 0, trace.start_ns
    finished = [span for span in trace.of_kind(*ROUND_TRIPS) if span.end_ns >= span.start_ns]
    for start_ns, end_ns in sorted(((s.start_ns, s.end_ns) for s in finished), key=_end_first):
        if length == 0 or start_ns >= reached_ns:
            length, reached_ns = length + 1, end_ns
    return length


def _end_first(times: tuple[int, int]) -> tuple[int, int]:
    # of two that end at once the earlier one: an operation of no duration still fits behind it
    return times[1], times[0]
