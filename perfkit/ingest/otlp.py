"""OTLP as JSON: what the collector's file exporter writes, and the likes of it.

A document is an ExportTraceServiceRequest; a file has one, or one a line. It is walked down to the single
span, so that neither a document nor a line of any length is ever held.

Sources: opentelemetry.io/docs/specs/otlp and the collector's file exporter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from perfkit.ingest import values
from perfkit.ingest.cursor import Cursor, EndsEarlyError, NoJsonError, OddValueError
from perfkit.ingest.formats import OTHER_SIGNALS, RESOURCE_SPANS, WRAPPERS
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.origins import Origin
from perfkit.ingest.spans import failure, interval, span_of
from perfkit.model import Span

MAX_DEPTH = 5
"""Documents inside documents are followed no further."""

MAX_ORIGINS = 10_000
"""So many services share one object each; more are no services."""

_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans")
_LIBRARIES = ("scope", "instrumentationLibrary", "instrumentation_library")
_DOCUMENT = re.compile(r'\n[ \t\r]*\{\s{0,9}"(?:' + "|".join((*RESOURCE_SPANS, *OTHER_SIGNALS)) + '")')
_DOCUMENT_LENGTH = 64
_ERROR = frozenset({2, "2", "STATUS_CODE_ERROR", "ERROR", "Error", "error"})


class Found(NamedTuple):
    """A span on its way in: the trace it belongs to, and where it comes from."""

    trace: str
    span: Span
    origin: Origin


def read(cursor: Cursor, label: str, left_out: LeftOut) -> Iterator[Found]:
    """All spans of a file, in its order. Damage is left out: a line, or else the rest of the file."""
    reader = _Reader(cursor, left_out)
    while cursor.peek():
        try:
            yield from reader.document()
        except EndsEarlyError:
            left_out.say(f"{label} ends in the middle of a value; what it had begun is left out")
            return
        except (NoJsonError, OddValueError) as error:
            place = cursor.passed
            if not cursor.seek(_DOCUMENT, _DOCUMENT_LENGTH):
                left_out.say(
                    f"{label} is no JSON from about character {place + 1:,} on; the rest is left out: {error}"
                )
                return
            left_out.add("left out", "line", "(or what remained of it) that cannot be read as JSON")


class _Reader:
    """Walks one file. Origins are shared between resources of one name."""

    def __init__(self, cursor: Cursor, left_out: LeftOut) -> None:
        self._cursor = cursor
        self._left_out = left_out
        self._origins: dict[tuple[str, str], Origin] = {}

    def document(self, depth: int = 0) -> Iterator[Found]:
        """One request, or a list of them."""
        cursor = self._cursor
        if cursor.peek() == "[" and depth < MAX_DEPTH:
            for _ in cursor.elements():
                yield from self.document(depth + 1)
            return
        if not self._is_object("document"):
            return
        for key in cursor.fields():
            if key in RESOURCE_SPANS:
                yield from self._each(self._resource)
            elif key in WRAPPERS and cursor.peek() == "{" and depth < MAX_DEPTH:
                yield from self.document(depth + 1)
            else:
                if key in OTHER_SIGNALS:
                    self._left_out.change("passed over", "document", "of metrics, logs or profiles")
                cursor.skip()

    def _each(self, read: Any, *more: Any) -> Iterator[Found]:
        """Read the elements of a list; anything else is left out."""
        if self._cursor.peek() != "[":
            self._cursor.skip()
            self._left_out.add("left out", "part", "of another type than OTLP has there")
            return
        for _ in self._cursor.elements():
            yield from read(*more)

    def _is_object(self, what: str) -> bool:
        if self._cursor.peek() == "{":
            return True
        self._cursor.skip()
        self._left_out.add("left out", what, "of another type than OTLP has there")
        return False

    def _resource(self) -> Iterator[Found]:
        if not self._is_object("part"):
            return
        origin = Origin()
        for key in self._cursor.fields():
            if key == "resource":
                origin = self._origin(self._value(), origin)
            elif key in _SCOPES:
                yield from self._each(self._scope, origin)
            else:
                self._cursor.skip()

    def _origin(self, resource: object, unnamed: Origin) -> Origin:
        """The shared one of that name. One that has spans already gets the name."""
        facts = values.attributes(resource.get("attributes")) if isinstance(resource, dict) else {}
        name, clock = values.text(facts.get("service.name")), values.text(facts.get("perfkit.clock"))
        unnamed.service, unnamed.clock = name[:200], "virtual" if clock == "virtual" else "wall"
        if len(self._origins) > MAX_ORIGINS:
            self._origins.clear()
        return self._origins.setdefault((unnamed.service, unnamed.clock), unnamed)

    def _scope(self, origin: Origin) -> Iterator[Found]:
        if not self._is_object("part"):
            return
        tracer = ""
        for key in self._cursor.fields():
            if key == "spans":
                yield from self._each(self._span, origin, tracer)
            elif key in _LIBRARIES:
                library = self._value()
                tracer = values.text(library.get("name")) if isinstance(library, dict) else ""
            else:
                self._cursor.skip()

    def _span(self, origin: Origin, tracer: str) -> Iterator[Found]:
        record = self._value()
        if not isinstance(record, dict):
            if record is not None:
                self._left_out.add("left out", "span", "of another type than OTLP has there")
            return
        found = read_span(record, origin, tracer, self._left_out)
        if found is not None:
            yield found

    def _value(self) -> Any:
        """A value; None, with a remark, for one that is too large."""
        try:
            return self._cursor.value()
        except OddValueError as error:
            self._left_out.add("left out", "value", str(error))
            return None


def read_span(record: Mapping[str, Any], origin: Origin, tracer: str, left_out: LeftOut) -> Found | None:
    """One span; None, with a remark, for what has no trace or no place in time."""
    trace = values.identifier(values.entry(record, "traceId", "trace_id", "traceID"))
    if not trace:
        left_out.add("left out", "span", "without a trace id")
        return None
    start = values.entry(record, "startTimeUnixNano", "start_time_unix_nano")
    end = values.entry(record, "endTimeUnixNano", "end_time_unix_nano")
    times = interval(values.nanoseconds(start), values.nanoseconds(end), left_out)
    if times is None:
        return None
    facts = values.attributes(record.get("attributes"))
    span_id = values.entry(record, "spanId", "span_id", "spanID")
    parent = values.entry(record, "parentSpanId", "parent_span_id", "parentSpanID")
    span = span_of(
        values.text(record.get("name")),
        values.kind_of(record.get("kind")),
        facts,
        times,
        number=values.number_of(values.identifier(span_id)),
        parent=values.number_of(values.identifier(parent)),
        error=_error(record, facts),
        tracer=tracer,
    )
    return Found(trace, span, origin)


def _error(record: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
    """The name of what ended the span, or None if its status is no failure."""
    status = record.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    if not isinstance(code, (str, int)) or code not in _ERROR:
        return None
    events = record.get("events")
    for event in reversed(events[:100]) if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "exception":
            told = values.attributes(event.get("attributes")).get("exception.type")
            return failure(told, facts.get("error.type"))
    return failure(facts.get("error.type"))
