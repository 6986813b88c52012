"""What the time of a recording, or of one of its spans, went into. Pure arithmetic on a Trace.

Computing is processor time. Waiting is the time in which an operation was under way, less the processor
time its thread used meanwhile: SQLite answers inside the process, so most of its queries' time is
computing. A moment in which a query and a request are under way counts for the query; in which one of them
and a lock, for the operation.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from perfkit.model.trace import Span, Trace

_SORTS = {
    "query": "queries",
    "transaction": "queries",
    "request": "requests",
    "connect": "requests",
    "wait": "waits",
}


class TimeSplit(Struct, frozen=True):
    """Nanoseconds of ``whole_ns``; what is in none of the others is ``other_ns``: sleep in C code, disk,
    libraries that nobody watched.

    ``waits_ns`` is for locks, queues, sleeps and the event loop. With several threads the sum may exceed
    the whole. ``computing_ns`` is -1 where processor time was not measured: then it is part of the others.
    """  # noqa: D205

    whole_ns: int
    computing_ns: int
    queries_ns: int
    requests_ns: int
    waits_ns: int

    @property
    def other_ns(self) -> int:
        """What is left of the whole; never negative."""
        known = max(0, self.computing_ns) + self.queries_ns + self.requests_ns + self.waits_ns
        return max(0, self.whole_ns - known)

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Name and nanoseconds of each part that is not zero, the largest first.

        >>> TimeSplit(100, 10, 70, 0, 0).parts
        (('waiting on queries', 70), ('other', 20), ('computing', 10))
        """
        named = (
            ("computing", self.computing_ns),
            ("waiting on queries", self.queries_ns),
            ("waiting on requests", self.requests_ns),
            ("waiting on locks and the loop", self.waits_ns),
            ("other", self.other_ns),
        )
        return tuple(sorted(((name, ns) for name, ns in named if ns > 0), key=lambda part: -part[1]))


def split_trace(trace: Trace) -> TimeSplit:
    """Of the whole recording, all threads together."""
    return _split(trace.duration_ns, trace.cpu_ns, trace.spans, trace.start_ns, trace.end_ns)


def split_by_name(trace: Trace) -> dict[str, TimeSplit]:
    """Of the application's own spans: per name, summed over all spans that have ended."""
    below: dict[int, list[Span]] = {}
    by_id = {span.id: span for span in trace.spans}
    for span in trace.spans:
        if _sort(span) is not None:
            above = span.parent
            while above is not None:
                below.setdefault(above, []).append(span)
                above = by_id[above].parent
    found: dict[str, list[TimeSplit]] = {}
    for span in trace.spans:
        if span.kind == "span" and span.end_ns >= 0:
            operations = below.get(span.id, ())
            split = _split(span.duration_ns, span.cpu_ns, operations, span.start_ns, span.end_ns)
            found.setdefault(span.name, []).append(split)
    return {name: _sum(splits) for name, splits in found.items()}


def _sort(span: Span) -> str | None:
    """Connecting to a database is waiting on queries: those spans name its ``system``."""
    return "queries" if span.kind == "connect" and "system" in span.attrs else _SORTS.get(span.kind)


def _split(whole_ns: int, cpu_ns: int, spans: Iterable[Span], start_ns: int, end_ns: int) -> TimeSplit:
    sorts: dict[str, list[tuple[int, int]]] = {"queries": [], "requests": [], "waits": []}
    used = dict.fromkeys(sorts, 0)
    for span in spans:
        sort = _sort(span)
        if sort is not None and span.end_ns > span.start_ns:
            sorts[sort].append((max(start_ns, span.start_ns), min(end_ns, span.end_ns)))
            used[sort] += max(0, span.cpu_ns)
    covered: list[tuple[int, int]] = []
    waited = {}
    for sort, intervals in sorts.items():
        before = _length(covered)
        covered = _union(covered + intervals)
        waited[sort] = max(0, _length(covered) - before - used[sort])
    return TimeSplit(whole_ns, cpu_ns, waited["queries"], waited["requests"], waited["waits"])


def _sum(splits: list[TimeSplit]) -> TimeSplit:
    return TimeSplit(
        sum(s.whole_ns for s in splits),
        sum(s.computing_ns for s in splits) if all(s.computing_ns >= 0 for s in splits) else -1,
        sum(s.queries_ns for s in splits),
        sum(s.requests_ns for s in splits),
        sum(s.waits_ns for s in splits),
    )


def _union(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same moments in intervals that do not overlap, in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return joined


def _length(intervals: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in intervals)
