"""Jaeger's JSON: what its API answers and its user interface saves. OpenTracing's tags, or OpenTelemetry's.

Times are in microseconds. The processes, which name the services, come behind the spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perfkit.ingest import values
from perfkit.ingest.cursor import Cursor, EndsEarlyError, NoJsonError, OddValueError
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.origins import Origin
from perfkit.ingest.otlp import Found
from perfkit.ingest.spans import failure, interval, span_of

MAX_DEPTH = 5
"""Documents inside documents are followed no further."""

_US = 1_000
_ODD = "of another type than Jaeger has there"


def read(cursor: Cursor, label: str, left_out: LeftOut) -> Iterator[Found]:
    """All spans of a file, in its order. What lies behind damage is left out."""
    try:
        while cursor.peek():
            yield from _document(cursor, left_out)
    except EndsEarlyError:
        left_out.say(f"{label} ends in the middle of a value; what it had begun is left out")
    except (NoJsonError, OddValueError) as error:
        left_out.say(
            f"{label} is no JSON from about character {cursor.passed + 1:,} on; the rest is left out: {error}"
        )


def _document(cursor: Cursor, left_out: LeftOut, depth: int = 0) -> Iterator[Found]:
    """An object with traces as its ``data``, a list of traces, or one trace."""
    if cursor.peek() == "[" and depth < MAX_DEPTH:
        for _ in cursor.elements():
            yield from _document(cursor, left_out, depth + 1)
        return
    if cursor.peek() != "{" or depth >= MAX_DEPTH:
        left_out.add("left out", "part", _ODD)
        cursor.skip()
        return
    processes: dict[str, Origin] = {}
    for key in cursor.fields():
        if key == "data":
            yield from _document(cursor, left_out, depth + 1)
        elif key == "spans" and cursor.peek() == "[":
            for _ in cursor.elements():
                yield from _span(_value(cursor, left_out), processes, left_out)
        elif key == "processes":
            _name(processes, _value(cursor, left_out))
        else:
            cursor.skip()


def _value(cursor: Cursor, left_out: LeftOut) -> Any:
    try:
        return cursor.value()
    except OddValueError as error:
        left_out.add("left out", "value", str(error))
        return None


def _name(processes: dict[str, Origin], told: object) -> None:
    for key, process in told.items() if isinstance(told, dict) else ():
        if isinstance(process, dict):
            processes.setdefault(key, Origin()).service = values.text(process.get("serviceName"))[:200]


def _span(record: object, processes: dict[str, Origin], left_out: LeftOut) -> Iterator[Found]:
    if not isinstance(record, dict):
        left_out.add("left out", "span", _ODD)
        return
    trace = values.identifier(record.get("traceID"))
    if not trace:
        left_out.add("left out", "span", "without a trace id")
        return
    start_ns, took_ns = (values.nanoseconds(record.get(key), _US) for key in ("startTime", "duration"))
    end_ns = None if start_ns is None or took_ns is None else start_ns + took_ns
    times = interval(start_ns, end_ns, left_out)
    if times is None:
        return
    facts = values.attributes(record.get("tags"))
    span = span_of(
        values.text(record.get("operationName")),
        values.kind_of(facts.get("span.kind")),
        facts,
        times,
        number=values.number_of(values.identifier(record.get("spanID"))),
        parent=values.number_of(_parent(record, trace)),
        error=_error(record, facts),
        tracer=values.text(values.entry(facts, "otel.scope.name", "otel.library.name")),
    )
    process = record.get("processID")
    origin = processes.setdefault(process, Origin()) if isinstance(process, str) else Origin()
    yield Found(trace, span, origin)


def _parent(record: Mapping[str, Any], trace: str) -> str:
    references = record.get("references")
    for reference in references[:100] if isinstance(references, list) else ():
        if isinstance(reference, dict) and values.identifier(reference.get("traceID")) in (trace, ""):
            found = values.identifier(reference.get("spanID"))
            if found:
                return found
    return values.identifier(record.get("parentSpanID"))


def _error(record: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
    failed = facts.get("error") in (True, "true") or facts.get("otel.status_code") == "ERROR"
    if not failed:
        return None
    logs = record.get("logs")
    for log in reversed(logs[:100]) if isinstance(logs, list) else ():
        told = values.attributes(log.get("fields")) if isinstance(log, dict) else {}
        if "exception.type" in told or "error.kind" in told:
            return failure(told.get("exception.type"), told.get("error.kind"))
    return failure(facts.get("error.type"))
