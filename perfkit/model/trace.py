"""Spans and traces: what a recording holds. Knows msgspec only; imports no other room."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Frame(Struct, frozen=True):
    """One line of application code: ``file`` is relative to the working directory where it can be.

    >>> str(Frame("app/views.py", 41, "page"))
    'app/views.py:41 in page'
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


class Span(Struct):
    """One timed operation.

    ``kind`` is ``"span"`` (the user's own), ``"request"``, ``"connect"``, ``"query"``, ``"transaction"``
    (BEGIN, COMMIT, ROLLBACK), ``"wait"`` (for a lock, a queue, a sleep), ``"blocked"`` (the event loop was
    held up) or ``"allow"`` (``perfkit.allow``). ``site`` is the innermost application frame, ``path`` all
    of them, innermost first; a user's own span has only its site there. ``task`` and ``thread`` number the
    recording's tasks and threads in order of appearance (0: none). ``end_ns`` is -1 while the operation is
    under way. Times are on the trace's clock, in nanoseconds. ``error`` names the exception that ended it.
    ``attrs`` holds the probe's facts: units are in the names. ``cpu_ns`` is the processor time its thread
    used meanwhile, for whichever task (-1: unknown); of operations under way at once in one thread only the
    first is charged for it.
    """

    id: int
    parent: int | None
    kind: str
    name: str
    start_ns: int
    end_ns: int = -1
    site: Frame | None = None
    path: tuple[Frame, ...] = ()
    task: int = 0
    thread: int = 0
    attrs: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    cpu_ns: int = -1

    @property
    def duration_ns(self) -> int:
        """Nanoseconds from start to end; 0 while under way."""
        return max(0, self.end_ns - self.start_ns)


class HostFacts(Struct, frozen=True):
    """What is known about a host beyond its answers, so that rules need not guess.

    ``rtt_ns`` is the round trip; ``batch_size`` how many calls one batch request may carry;
    ``burst`` and ``per_second`` the rate limit in force. ``None`` means unknown (or, for the limit, none).
    """

    host: str
    rtt_ns: int | None = None
    batch_size: int | None = None
    burst: int | None = None
    per_second: float | None = None


class Trace(Struct):
    """All spans of one recording, in order of their start.

    ``clock`` is ``"virtual"`` or ``"wall"``; ``dropped`` counts spans left out to bound memory. ``probes``
    are the libraries that were watched, ``warnings`` what the reader must know. ``cpu_ns`` is the processor
    time of the threads that were seen (-1: unknown), ``tracing_ns`` what recording itself took of it.
    """

    clock: str
    start_ns: int
    end_ns: int
    spans: list[Span] = field(default_factory=list)
    hosts: list[HostFacts] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    dropped: int = 0
    warnings: list[str] = field(default_factory=list)
    cpu_ns: int = -1
    tracing_ns: int = 0

    @property
    def duration_ns(self) -> int:
        """Nanoseconds from the recording's start to its end."""
        return self.end_ns - self.start_ns

    def of_kind(self, *kinds: str) -> list[Span]:
        """The spans of the given kinds, in order of their start."""
        return [span for span in self.spans if span.kind in kinds]

    def facts(self, host: str) -> HostFacts:
        """What is known about ``host``; everything unknown if nothing is."""
        return next((facts for facts in self.hosts if facts.host == host), HostFacts(host))


def busy_ns(spans: list[Span]) -> int:
    """Nanoseconds during which at least one of ``spans`` was under way (the union of their intervals).

    >>> busy_ns([Span(1, None, "request", "a", 0, 10), Span(2, None, "request", "b", 5, 12)])
    12
    """
    total, reach = 0, None
    for start, end in sorted((s.start_ns, s.end_ns) for s in spans if s.end_ns >= s.start_ns):
        if reach is None or start >= reach:
            total += end - start
            reach = end
        elif end > reach:
            total += end - reach
            reach = end
    return total


def peak_overlap(spans: list[Span]) -> int:
    """The most of ``spans`` that were under way at one moment.

    >>> peak_overlap([Span(1, None, "request", "a", 0, 10), Span(2, None, "request", "b", 10, 12)])
    1
    """
    edges = sorted(edge for s in spans if s.end_ns > s.start_ns for edge in ((s.start_ns, 1), (s.end_ns, -1)))
    peak = current = 0
    for _, step in edges:
        current += step
        peak = max(peak, current)
    return peak
