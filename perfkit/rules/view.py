"""What rules look at: a trace, and what several of them need to know of it, worked out once.

A rule is a pure function of a View. Nothing here changes the trace.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Any

from perfkit.model import Finding, Frame, HostFacts, Span, Trace
from perfkit.rules.limits import Limits
from perfkit.rules.loops import (
    WRITES,
    Loop,
    Places,
    is_refused,
    query_loops,
    request_loops,
    statement_of,
)
from perfkit.rules.sites import Sites
from perfkit.rules.sources import Sources
from perfkit.rules.timeline import Timeline


class View:
    """A ``trace``, the ``limits`` in force, and the ``sources`` of the program as far as they can be read."""

    def __init__(self, trace: Trace, limits: Limits | None = None, sources: Sources | None = None) -> None:
        self.trace = trace
        self.limits = limits or Limits()
        self.sources = sources or Sources()

    @cached_property
    def requests(self) -> list[Span]:
        """The requests that have ended, in order of their start."""
        return [span for span in self.trace.spans if span.kind == "request" and span.end_ns >= 0]

    @cached_property
    def queries(self) -> list[Span]:
        """The queries that have ended, in order of their start; also those that are no loop's."""
        return [span for span in self.trace.spans if span.kind == "query" and span.end_ns >= 0]

    @cached_property
    def connects(self) -> list[Span]:
        """The connections that were opened, in order of their start."""
        return [span for span in self.trace.spans if span.kind == "connect" and span.end_ns >= 0]

    @cached_property
    def opening_ns(self) -> dict[int | None, int]:
        """How long opening a connection took within each operation, by its number."""
        return {span.parent: span.duration_ns for span in self.connects}

    @cached_property
    def fastest_connect_ns(self) -> dict[Any, int]:
        """The fastest connection to each host, which is a round trip or little more."""
        fastest: dict[Any, int] = {}
        for span in self.connects:
            host, took = span.attrs.get("host"), span.duration_ns
            fastest[host] = min(took, fastest.get(host, took))
        return fastest

    @cached_property
    def places(self) -> Places:
        """Scope and place of each span."""
        return Places(self.trace.spans)

    @cached_property
    def query_loops(self) -> list[Loop]:
        """Plain queries by scope, database, place and template; also groups of one."""
        return query_loops(self.queries, self.places)

    @cached_property
    def request_loops(self) -> list[Loop]:
        """Requests by scope, host, place, URL and body; also groups of one."""
        return request_loops(self.requests, self.places)

    @cached_property
    def patterns(self) -> list[list[Loop]]:
        """Loops that take turns (A B A B): what PK106 reports, and the rules of one call leave to it."""
        from perfkit.rules.patterns import patterns  # which asks the rules of one call what they would report

        return patterns(self)

    @cached_property
    def in_patterns(self) -> frozenset[int]:
        """``id`` of each loop that is part of a pattern, or of the work on what is taken from a queue."""
        return frozenset(id(loop) for members in (*self.patterns, *self.jobs) for loop in members)

    @cached_property
    def named_items(self) -> list[tuple[str, Loop]]:
        """Loops of requests in which the item's name is a word of the path, and what they ask for."""
        from perfkit.rules.named_items import named_items

        return named_items(self)

    @cached_property
    def loading(self) -> dict[tuple[int, str], Loop]:
        """By scope and model: the first loop of queries by which an ORM loads objects of it for others."""
        found: dict[tuple[int, str], Loop] = {}
        for loop in self.query_loops:
            target = loop.first.attrs.get("target")
            if target is not None and len(loop.spans) > 1:
                found.setdefault((loop.scope, str(target)), loop)
        return found

    @cached_property
    def jobs(self) -> list[list[Loop]]:
        """Loops that take something from a queue (SKIP LOCKED), and what is done for each."""
        from perfkit.rules.patterns import jobs

        return jobs(self)

    @cached_property
    def _sites(self) -> Sites:
        return Sites(self.trace.spans, self.sources)

    @cached_property
    def _facts(self) -> dict[str, HostFacts]:
        return {facts.host: facts for facts in reversed(self.trace.hosts)}

    def facts(self, host: str) -> HostFacts:
        """What is known about ``host``; everything unknown if nothing is."""
        return self._facts.get(host) or HostFacts(host)

    def site(self, span: Span) -> Frame | None:
        """The line a person would edit about an operation that is part of a loop."""
        return self._sites.of_loop(span)

    def line(self, span: Span) -> Frame | None:
        """The line a person would edit about an operation by itself."""
        return self._sites.of_call(span)

    def is_chain(self, loop: Loop) -> bool:
        """Whether each call of a loop asks for what the last one's answer named."""
        return self._sites.is_chain(loop.first)

    def place(self, span: Span) -> str:
        """Where it happened, for traces that do not name lines: the spans around it, outermost first."""
        return "" if span.path else " > ".join(self.places.names_above(span)[-MAX_PLACE_NAMES:])

    def needed(self, loop: Loop) -> int:
        """How many calls make a loop of ``loop``."""
        return self.limits.min_calls if loop.placed else self.limits.min_calls_imported

    def answering_ns(self, start_ns: int, end_ns: int) -> int:
        """How much of the time between two moments at least one request was under way that was answered."""
        return self._answered.busy_ns(start_ns, end_ns)

    @cached_property
    def _answered(self) -> Timeline:
        return Timeline(span for span in self.requests if not is_refused(span))

    @cached_property
    def refusals(self) -> list[int]:
        """When requests were made that were refused for now, in nanoseconds."""
        return [span.start_ns for span in self.requests if is_refused(span)]

    @cached_property
    def writes(self) -> dict[str, list[int]]:
        """When each table was written, in nanoseconds, by its name in lower case."""
        times: dict[str, list[int]] = {}
        for span in self.queries:
            statement = statement_of(span)
            if statement.verb in WRITES:
                for table in statement.tables:
                    times.setdefault(table.lower(), []).append(span.start_ns)
        return times

    @cached_property
    def changes(self) -> dict[str, list[int]]:
        """When each host was sent something that may change it: by PUT, PATCH, DELETE, or POST."""
        times: dict[str, list[int]] = {}
        for span in self.requests:
            if span.attrs.get("method") in CHANGING:
                times.setdefault(str(span.attrs.get("host", "")), []).append(span.start_ns)
        return times

    @cached_property
    def commits(self) -> list[Span]:
        """The transactions' ends that were kept, in order."""
        ends = (span for span in self.trace.spans if span.kind == "transaction")
        return [span for span in ends if span.name[:6].upper() == "COMMIT"]

    def sleeps_between(self, start_ns: int, end_ns: int) -> bool:
        """Whether a pause that the program made on purpose began between two moments."""
        return has_between(self._sleeps, start_ns - 1, end_ns)

    def is_busy_between(self, start_ns: int, end_ns: int) -> bool:
        """Whether another query, request or end of a transaction began between two moments."""
        return has_between(self._request_starts, start_ns, end_ns) or has_between(
            self._query_starts, start_ns, end_ns
        )

    @cached_property
    def _sleeps(self) -> list[int]:
        return [span.start_ns for span in self.trace.spans if is_sleep(span)]

    @cached_property
    def _query_starts(self) -> list[int]:
        kinds = ("query", "transaction")
        return [span.start_ns for span in self.trace.spans if span.kind in kinds]

    @cached_property
    def _request_starts(self) -> list[int]:
        return [span.start_ns for span in self.requests]


CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that are not safe (RFC 9110, section 9.2.1)."""

_SLEEPS = ("sleep", "Event.wait", "Condition.wait")


def is_sleep(span: Span) -> bool:
    """Whether a span is a pause that the program made on purpose."""
    return span.kind == "wait" and span.name.endswith(_SLEEPS)


def has_between(times: list[int], start_ns: int, end_ns: int) -> bool:
    """Whether one of the sorted ``times`` lies between two moments."""
    place = bisect_right(times, start_ns)
    return place < len(times) and times[place] < end_ns


MAX_PLACE_NAMES = 4
"""So many of the spans around an operation name its place."""


def by_cost(findings: list[Finding]) -> list[Finding]:
    """The costliest first, the same order each time."""
    return sorted(findings, key=lambda f: (-(f.saving_ns or 0), -f.spent_ns, f.rule, f.template))
