"""Chrome trace events: what viztracer, browsers and Perfetto's JSON hold.

Events have no ids: one lies inside another by its time, within its thread or within what it is an event of.
What kind of operation one is shows in its arguments or category alone; the others are plain spans. Each
process is a trace. Source: the document "Trace Event Format" of the Chromium project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from perfkit.fingerprints.sql import describe_sql
from perfkit.ingest import own, values
from perfkit.ingest.cursor import Cursor, EndsEarlyError, NoJsonError, OddValueError
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.origins import Origin
from perfkit.ingest.otlp import Found
from perfkit.ingest.spans import interval, span_of, thread_number
from perfkit.model import Span

MAX_ID = 2**62
MAX_WAITING = 100_000
"""So many events that have begun and not ended are held."""

_US = 1_000
_ODD = "of another type than trace events have there"
_IGNORED = frozenset("iInTpCsftPNODRrcva(),=")
"""Instants, counters, flows, samples, objects and marks: they take no time."""

_SQL_CATEGORY = re.compile(
    r"(?<![a-z])(?:sql|db|database|query|queries|postgres|mysql|sqlite)", re.IGNORECASE
)
_HTTP_CATEGORY = re.compile(r"(?<![a-z])(?:https?|request|fetch|xhr|client)", re.IGNORECASE)
_SQL_KEYS = ("db.statement", "db.query.text", "sql", "statement", "query", "db.sql")
_URL_KEYS = ("url.full", "http.url", "url", "uri")
_METHOD_KEYS = ("http.request.method", "http.method", "method", "verb")
_STATUS_KEYS = ("http.response.status_code", "http.status_code", "status_code", "status", "statusCode")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_FUNCTION = re.compile(r"(?P<function>[\w.<>]{1,200}) \((?P<file>[^()]{1,300}):(?P<line>\d{1,9})\)")
"""How viztracer names calls, by where the function is defined."""

_REQUEST_NAME = re.compile(r"(?:([A-Z]{3,7}) )?(https?://\S+)")
_METHOD = re.compile(r"[A-Za-z]{3,10}")
_SQL_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})


class _Begun(NamedTuple):
    start_ns: int | None
    event: dict[str, Any]


def read(cursor: Cursor, label: str, left_out: LeftOut) -> Iterator[Found]:
    """All spans of a file, as they end. The format allows an array that is never closed."""
    reader = _Reader(label, left_out)
    try:
        yield from reader.document(cursor)
    except EndsEarlyError:
        if cursor.passed and not reader.in_events:
            left_out.say(f"{label} ends in the middle of a value; what it had begun is left out")
    except (NoJsonError, OddValueError) as error:
        left_out.say(
            f"{label} is no JSON from about character {cursor.passed + 1:,} on; the rest is left out: {error}"
        )
    yield from reader.unfinished()


class _Reader:
    """Pairs begins with ends. ``in_events``: reading stopped between two events."""

    def __init__(self, label: str, left_out: LeftOut) -> None:
        self._label = label
        self._left_out = left_out
        self._stacks: dict[tuple[Any, ...], list[_Begun]] = {}
        self._waiting = 0
        self._count = 0
        self._origins: dict[str, Origin] = {}
        self.in_events = False

    def document(self, cursor: Cursor) -> Iterator[Found]:
        """An array of events, or an object that has one."""
        if cursor.peek() == "[":
            yield from self._events(cursor)
            return
        for key in cursor.fields():
            if key == "traceEvents" and cursor.peek() == "[":
                yield from self._events(cursor)
            else:
                cursor.skip()

    def _events(self, cursor: Cursor) -> Iterator[Found]:
        for _ in cursor.elements():
            self.in_events = not cursor.peek()
            try:
                event = cursor.value()
            except OddValueError as error:
                self._left_out.add("left out", "value", str(error))
                continue
            if isinstance(event, dict):
                yield from self._event(event)
            else:
                self._left_out.add("left out", "event", _ODD)
            self.in_events = True
        self.in_events = False

    def _event(self, event: dict[str, Any]) -> Iterator[Found]:
        phase = event.get("ph")
        at_ns = values.nanoseconds(event.get("ts"), _US)
        if phase == "X":
            took_ns = values.nanoseconds(event.get("dur", 0), _US)
            yield from self._span(event, at_ns, None if at_ns is None or took_ns is None else at_ns + took_ns)
        elif phase in ("B", "b", "S"):
            self._begin(_Begun(at_ns, event))
        elif phase in ("E", "e", "F"):
            yield from self._end(event, at_ns)
        elif phase == "M":
            self._name(event)
        elif not isinstance(phase, str) or phase not in _IGNORED:
            self._left_out.add("left out", "event", "of an unknown phase")

    def _begin(self, begun: _Begun) -> None:
        if self._waiting >= MAX_WAITING:
            self._left_out.add("left out", "event", f"beyond {MAX_WAITING:,} that have begun and not ended")
            return
        self._stacks.setdefault(_track(begun.event), []).append(begun)
        self._waiting += 1

    def _end(self, event: dict[str, Any], at_ns: int | None) -> Iterator[Found]:
        stack = self._stacks.get(_track(event))
        if not stack:
            self._left_out.add("left out", "event", "without a beginning")
            return
        begun = stack.pop()
        self._waiting -= 1
        if not stack:
            del self._stacks[_track(event)]
        if isinstance(event.get("args"), dict):
            args = begun.event.get("args")
            begun.event["args"] = {**(args if isinstance(args, dict) else {}), **event["args"]}
        yield from self._span(begun.event, begun.start_ns, at_ns)

    def unfinished(self) -> Iterator[Found]:
        """What began and never ended."""
        for stack in self._stacks.values():
            for begun in stack:
                yield from self._span(begun.event, begun.start_ns, None)

    def _name(self, event: dict[str, Any]) -> None:
        args = event.get("args")
        if event.get("name") == "process_name" and isinstance(args, dict):
            self._origin(event).service = values.text(args.get("name"))[:200]

    def _origin(self, event: dict[str, Any]) -> Origin:
        process = str(event.get("pid"))[:40]
        if len(self._origins) >= MAX_WAITING:
            self._origins.clear()
        return self._origins.setdefault(process, Origin(by_time=True))

    def _span(self, event: dict[str, Any], start_ns: int | None, end_ns: int | None) -> Iterator[Found]:
        times = interval(start_ns, end_ns, self._left_out)
        if times is None:
            return
        self._count += 1
        name = values.text(event.get("name"))
        span_kind, facts = _facts(name, values.text(event.get("cat")), event.get("args"))
        if own.KIND in facts:
            yield self._own(event, name, facts, times)
            return
        function = _FUNCTION.fullmatch(name)
        if function:
            name = function["function"]
            keys = {"code.filepath": "file", "code.lineno": "line", "code.function": "function"}
            facts = {**facts, **{key: function[group] for key, group in keys.items()}}
        span = span_of(name, span_kind, facts, times, number=self._count, parent=0)
        span.thread = thread_number(event.get("tid"))
        if event.get("ph") != "X" and event.get("ph") != "B":
            span.task = thread_number(str(_track(event)))
        yield Found(self._trace(event), span, self._origin(event))

    def _own(self, event: dict[str, Any], name: str, facts: dict[str, Any], times: tuple[int, int]) -> Found:
        """What perfkit wrote tells its ids, its thread and its task."""
        number, parent = (_number(facts.get(key)) for key in (own.ID, own.PARENT))
        mine = self._count if number is None else number
        span = span_of(name, "INTERNAL", facts, times, number=mine, parent=parent or 0)
        origin = self._origin(event)
        origin.by_time = False
        if span.kind == own.RECORDING:  # processes of one scenario are one service, as in OTLP
            origin.service = values.text(facts.get("perfkit.service"))[:200] or origin.service
            origin.clock = "virtual" if facts.get("perfkit.clock") == "virtual" else "wall"
        return Found(self._trace(event), span, origin)

    def _trace(self, event: dict[str, Any]) -> str:
        return f"{self._label} process {str(event.get('pid'))[:40]}"


def _number(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < MAX_ID else None


def _track(event: Mapping[str, Any]) -> tuple[str, ...]:
    """What pairs begins with ends: the thread, or of asynchronous events their category and id."""
    process = str(event.get("pid"))
    if event.get("ph") in ("B", "E"):
        return process, str(event.get("tid"))
    ids = event.get("id2", event.get("id"))
    name = str(event.get("name")) if event.get("ph") in ("S", "F") else ""
    return process, str(event.get("cat")), str(event.get("scope")), str(ids), name


def _facts(name: str, category: str, args: object) -> tuple[str, dict[str, Any]]:
    """Kind and attributes of an event as OpenTelemetry would have them."""
    facts = values.attributes(args) if isinstance(args, dict) else {}
    if own.KIND in facts and isinstance(args, dict):
        return "INTERNAL", {**facts, **_objects(args)}
    sql = _first_text(facts, _SQL_KEYS) or (name if _SQL_CATEGORY.search(category) else "")
    known = "db.system" in facts or "db.system.name" in facts
    if sql and not known and _is_sql(sql):
        facts = {"db.statement": sql, **facts, "db.system": "other_sql"}
        known = True
    if not known and "http.method" not in facts and "http.request.method" not in facts:
        facts = {**facts, **_request(name, category, facts)}
    is_operation = known or "http.method" in facts or "http.request.method" in facts
    return "CLIENT" if is_operation else "INTERNAL", facts


def _objects(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that are objects, as they are: elsewhere such a value is OTLP's wrapper of another."""
    return {
        key: {name: values.any_value(inner) for name, inner in value.items()}
        for key, value in list(args.items())[: values.MAX_ATTRIBUTES]
        if isinstance(value, dict)
    }


def _is_sql(text: str) -> bool:
    statement = describe_sql(text)
    return statement.kind == "transaction" or (statement.verb in _SQL_VERBS and bool(statement.tables))


def _request(name: str, category: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an event says about a request; nothing where it is none."""
    named = _REQUEST_NAME.fullmatch(name)
    url = _first_text(facts, _URL_KEYS) or (named[2] if named else "")
    method = _first_text(facts, _METHOD_KEYS) or (named[1] or "" if named else "")
    if not _URL.match(url) or not (method or _HTTP_CATEGORY.search(category)):
        return {}
    if not _METHOD.fullmatch(method):
        method = "GET"
    status = next((facts[key] for key in _STATUS_KEYS if isinstance(facts.get(key), (int, str))), None)
    return {"http.url": url, "http.method": method, "http.status_code": status}


def _first_text(facts: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((facts[key] for key in keys if isinstance(facts.get(key), str) and facts[key]), "")


def nest(spans: list[Span]) -> None:
    """Give each span the innermost one as its parent that lies around it, in its thread or task."""
    stacks: dict[tuple[int, int], list[Span]] = {}
    for span in sorted(spans, key=lambda one: (one.start_ns, -max(one.end_ns, one.start_ns), -one.id)):
        stack = stacks.setdefault((0, span.task) if span.task else (span.thread, 0), [])
        while stack and not _holds(stack[-1], span):
            stack.pop()
        span.parent = stack[-1].id if stack else 0
        stack.append(span)


def _holds(outer: Span, inner: Span) -> bool:
    """Whether one lies within another, by microseconds; what has no end holds what follows."""
    return outer.end_ns < 0 or (inner.start_ns < outer.end_ns and inner.end_ns <= outer.end_ns + _US)
