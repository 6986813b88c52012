"""How much was asked of services, over a run and at its busiest: Little's law. Pure functions of a trace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from perfkit.model import Span, Trace, peak_overlap

WINDOW_NS = 300_000_000_000
"""Five minutes: long enough for a steady mean, short enough to see an outage of ten."""

STRETCHES = 10
"""A run shorter than ten windows is cut into ten."""

REFUSED = (429, 503)


class Demand(Struct, frozen=True):
    """``rate_per_s`` operations that took ``cost_ns`` each, in the mean.

    A command of a batch counts as an operation (``unit`` "command"); it takes its share of the batch's time.
    """

    unit: str
    rate_per_s: float
    cost_ns: float

    @property
    def in_flight(self) -> float:
        """How many were under way at once, in the mean: Little's law.

        >>> Demand("request", 5.0, 200_000_000).in_flight
        1.0
        """
        return self.rate_per_s * self.cost_ns / 1e9


class Load(Struct, frozen=True):
    """``full`` is the time with half of the peak and more under way, ``busiest`` the busiest stretch.

    The first tells what a service can give to whoever always has work for it, the second what is asked of it.
    """

    full: Demand
    busiest: Demand


def load_of(trace: Trace) -> Load | None:
    """Of all operations that were answered and not refused; None without any."""
    spans = [span for span in trace.of_kind("request", "query") if _counts(span)]
    if not spans:
        return None
    unit = "command" if any("batch" in span.attrs for span in spans) else spans[0].kind
    return Load(_full(spans, unit), _busiest(trace, spans, unit))


def _full(spans: list[Span], unit: str) -> Demand:
    """The time in which at least half of the peak was under way, and what ended in it."""
    ends: dict[int, list[Span]] = defaultdict(list)
    change: dict[int, int] = defaultdict(int)
    for span in spans:
        ends[span.end_ns].append(span)
        change[span.start_ns] += 1
        change[span.end_ns] -= 1
    half, inside, under_way, since_ns, full_ns = peak_overlap(spans) / 2, [], 0, 0, 0
    for moment_ns in sorted(change):
        if under_way >= half:
            full_ns += moment_ns - since_ns
            inside += ends[moment_ns]
        under_way, since_ns = under_way + change[moment_ns], moment_ns
    done = sum(map(_operations, inside))
    return Demand(unit, done * 1e9 / full_ns, sum(span.duration_ns for span in inside) / done)


def _busiest(trace: Trace, spans: list[Span], unit: str) -> Demand:
    """The stretch with the most time of operations in it; one that reaches into it counts with its share."""
    window_ns = max(1, min(WINDOW_NS, trace.duration_ns // STRETCHES))
    under_way: dict[int, int] = defaultdict(int)
    done: dict[int, float] = defaultdict(float)
    for span in spans:
        for index, inside_ns in _shares(span, trace.start_ns, window_ns):
            under_way[index] += inside_ns
            done[index] += _operations(span) * inside_ns / span.duration_ns
    index = max(under_way, key=lambda index: (under_way[index], -index))
    return Demand(unit, done[index] * 1e9 / window_ns, under_way[index] / done[index])


def _counts(span: Span) -> bool:
    return span.duration_ns > 0 and span.attrs.get("status") not in REFUSED


def _operations(span: Span) -> int:
    """Commands of a batch, else 1."""
    return max(1, int(span.attrs.get("batch") or 1))


def _shares(span: Span, start_ns: int, window_ns: int) -> Iterator[tuple[int, int]]:
    """Number of each stretch that the span was under way in, and for how many nanoseconds."""
    begins, ends = span.start_ns - start_ns, span.end_ns - start_ns
    for index in range(begins // window_ns, -(-ends // window_ns)):
        yield index, min(ends, (index + 1) * window_ns) - max(begins, index * window_ns)
