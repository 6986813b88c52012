"""The connections of a trace: what each was used for, and whether another one lay idle when it was opened.

Each target (a host, a database) is played through with an ideal pool, which opens a connection only when all
that it has are in use. A connection that the pool would not have opened is avoidable. Excused are those after
a failure, after a pause in which servers give up idle connections, and to servers that keep none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Hashable, Iterator
from heapq import heappop, heappush
from typing import Any

from perfkit.model import Span
from perfkit.rules.loops import statement_of
from perfkit.rules.view import View

KEEP_ALIVE_NS = 5_000_000_000
"""So long servers keep an idle connection at least: the default of Node.js, Apache httpd and uvicorn."""

ROUND_TRIPS = 2
"""Opening a connection takes so many; what is faster than as many queries took one out of a pool."""

OPENING = frozenset(
    {"http.connect", "http.tls", "pg.connect", "redis-connect", "redis.connect", "sql.connector.connect"}
    | {"tcp.connect", "tls.connect"}
)
"""Names of OpenTelemetry's spans for what opens a connection."""

EITHER = "connect"
"""The name of such a span that SQLAlchemy's instrumentation also gives to taking one out of its pool."""

NEVER = 2**63
"""When a connection ends that is kept, unused."""

_TRYING = frozenset({"PRAGMA", "SELECT", "SET", "SHOW"})
_IN_MEMORY = ("", ":memory:")


class Use:
    """What a connection was used for: from its opening, if that was seen, to its last operation.

    ``opened`` are the spans of that, ``pool`` what keeps it (None: nothing, or unknown). ``operations`` are
    counted; ``end_ns`` is NEVER for one that nothing was seen of. ``gone``: it cannot be used any more.
    ``avoidable``: another one lay idle; ``excused``: none could have.
    """

    __slots__ = ("avoidable", "end_ns", "excused", "gone", "opened", "operations", "pool", "start_ns")

    def __init__(self, opened: list[Span], start_ns: int, end_ns: int = NEVER, operations: int = 0) -> None:
        self.opened = opened
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.operations = operations
        self.pool = opened[0].attrs.get("pool") if opened else None
        self.gone = self.avoidable = self.excused = False

    @property
    def opening_ns(self) -> int:
        """Nanoseconds that opening it took."""
        return sum(span.duration_ns for span in self.opened)


Uses = list[Use]


def opened(view: View) -> Iterator[Uses]:
    """The connections that were opened to each target, in order of their opening."""
    openings = _openings(view)
    for uses in (*of_requests(view, openings), *of_databases(view, openings)):
        _play(uses)
        threads: dict[int, Uses] = {}
        for use in uses:
            threads.setdefault(use.opened[0].thread if use.opened else 0, []).append(use)
        if len(threads) > 1:  # a session or connection may be for one thread alone
            avoidable = {id(use) for use in uses if use.avoidable}
            for own in threads.values():
                _play(own)
            for use in uses:
                use.avoidable = use.avoidable and id(use) in avoidable
        yield [use for use in uses if use.opened]


def _play(uses: Uses) -> None:
    """Say of each connection whether an ideal pool would have opened it; in order of their start."""
    busy: list[tuple[int, int, Use]] = []
    idle = deque[int]()
    last: Use | None = None
    for number, use in enumerate(uses):
        while busy and busy[0][0] <= use.start_ns:
            last = heappop(busy)[2]
            if not last.gone:
                idle.append(last.end_ns)
        while idle and idle[0] < use.start_ns - KEEP_ALIVE_NS:
            idle.popleft()
        if last is not None and not idle and not busy:
            use.excused = use.excused or last.gone or use.start_ns - last.end_ns > KEEP_ALIVE_NS
        use.avoidable = bool(idle and use.opened and not use.excused)
        if idle:
            idle.pop()
        heappush(busy, (use.end_ns, number, use))


def _openings(view: View) -> list[Span]:
    """Spans that opened connections, of perfkit's probes and of OpenTelemetry's instrumentations."""
    return [
        span
        for span in view.trace.spans
        if span.error is None
        and span.end_ns >= 0
        and (
            span.kind == "connect" or (span.kind == "span" and (span.name in OPENING or span.name == EITHER))
        )
    ]


# Connections of requests: what is in use is the request


def of_requests(view: View, openings: list[Span]) -> Iterator[Uses]:
    """Per host and library; in traces without lines also per scope."""
    below: dict[int, list[Span]] = {}
    for span in openings:
        if span.parent is not None and "db.system" not in span.attrs and "system" not in span.attrs:
            below.setdefault(span.parent, []).append(span)
    if len(below) < view.limits.min_connects:
        return
    targets: dict[Hashable, Uses] = {}
    for span in view.requests:
        targets.setdefault(_target(view, span), []).append(_use(span, below.get(span.id, [])))
    for uses in targets.values():
        if sum(bool(use.opened) for use in uses) >= view.limits.min_connects:
            yield uses


def _target(view: View, span: Span) -> Hashable:
    scope = None if span.path else view.places.scope(span)
    return (span.attrs.get("host"), span.attrs.get("library"), scope)


def _use(request: Span, opened: list[Span]) -> Use:
    use = Use(opened, request.start_ns, request.end_ns, 1)
    use.gone = bool(request.error or not request.attrs.get("status") or request.attrs.get("closes"))
    use.excused = bool(request.attrs.get("retry") or request.attrs.get("closes"))
    return use


# Connections to databases: what is in use is all from the opening to the last operation


def of_databases(view: View, openings: list[Span]) -> Iterator[Uses]:
    """Per database and library; in traces without lines per system and scope."""
    targets: dict[Hashable, list[Span]] = {}
    for span in openings:
        system = span.attrs.get("system") or span.attrs.get("db.system") or span.attrs.get("db.system.name")
        if system and not (system == "sqlite" and span.attrs.get("database") in _IN_MEMORY):
            targets.setdefault(_database(view, span, system), []).append(span)
    targets = {key: spans for key, spans in targets.items() if len(spans) >= view.limits.min_connects}
    operations: dict[Hashable, list[Span]] = {key: [] for key in targets}
    for span in view.trace.spans if targets else ():
        if span.kind in ("query", "transaction") and span.end_ns >= 0 and not _is_trial(span):
            found = operations.get(_database(view, span, span.attrs.get("system")))
            if found is not None:
                found.append(span)
    for key, spans in targets.items():
        numbered = any("connection" in span.attrs for span in operations[key])
        yield (_by_number if numbered else _by_turns)(spans, operations[key])


def _is_trial(span: Span) -> bool:
    """Whether a statement only tries or sets up the connection: it reads no table."""
    statement = statement_of(span)
    return statement.verb in _TRYING and not statement.tables


def _database(view: View, span: Span, system: Any) -> Hashable:
    attrs = span.attrs
    if "library" not in attrs:  # imported
        # "postgres" is what some call it
        return (str(system).removesuffix("ql"), view.places.scope(span))
    return (system, attrs.get("host"), attrs.get("database"), attrs.get("library"), attrs.get("alias"))


def _by_number(openings: list[Span], operations: list[Span]) -> Uses:
    """Connections are numbered, but openings are not: each belongs to the first that was used after it.

    Redis opens one within the first command.
    """
    uses = [Use([span], span.start_ns) for span in openings]
    within = {use.opened[0].parent: use for use in uses if use.opened[0].parent is not None}
    known: dict[Any, Use] = {}
    ready = deque(sorted(uses, key=lambda use: use.opened[0].end_ns))
    taken = set[int]()
    for span in operations:
        number = span.attrs.get("connection")
        use = known.get(number)
        if use is None and span.kind == "transaction":
            continue  # the first statement tells
        if use is None:
            while ready and id(ready[0]) in taken:
                ready.popleft()
            if span.id in within:
                use = within[span.id]
            elif ready and ready[0].opened[0].end_ns <= span.start_ns:
                use = ready.popleft()
            else:
                use = Use([], span.start_ns)
                uses.append(use)
            taken.add(id(use))
            known[number], use.end_ns = use, 0
        use.end_ns = max(use.end_ns, span.end_ns)
        use.operations += span.kind == "query"
        use.gone = span.error is not None
    return sorted(uses, key=lambda use: use.start_ns)


def _by_turns(openings: list[Span], operations: list[Span]) -> Uses:
    """Nothing is numbered: what comes after an opening, and before the next one, is done on it."""
    fastest = min((span.duration_ns for span in operations), default=0)
    certain = [
        span
        for span in openings
        if span.name != EITHER or span.kind == "connect" or span.duration_ns >= ROUND_TRIPS * fastest
    ]
    starts = [span.start_ns for span in operations]
    uses: Uses = []
    for span, following in zip(certain, [*certain[1:], None], strict=False):
        first = bisect_left(starts, span.end_ns)
        last = len(starts) if following is None else bisect_left(starts, following.start_ns)
        own = operations[first:last]
        use = Use([span], span.start_ns)
        if own:
            use.end_ns = max(operation.end_ns for operation in own)
            use.operations, use.gone = len(own), own[-1].error is not None
        uses.append(use)
    return uses
