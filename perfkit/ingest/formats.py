"""Which format a file has, told from its first bytes; its name does not matter."""

from __future__ import annotations

import re

from perfkit.ingest.cursor import Cursor, UnreadableError

OTLP, JAEGER, CHROME, PERFKIT = "otlp", "jaeger", "chrome", "perfkit"

FORMATS = {
    OTLP: "OpenTelemetry's OTLP as JSON: the collector's file exporter, one document or one a line",
    JAEGER: "JSON of Jaeger's API and user interface",
    CHROME: "Chrome trace events: viztracer, Perfetto's JSON, browsers",
    PERFKIT: "runs that perfkit stored",
}
"""Name of each format, and what writes it."""

RESOURCE_SPANS = ("resourceSpans", "resource_spans", "batches")
"""Keys of what OTLP is made of; the last is what Tempo's API calls it."""

WRAPPERS = ("trace", "result")
"""Keys of objects that hold such a document: Tempo's API, and Jaeger's since version 2."""

OTHER_SIGNALS = ("resourceMetrics", "resourceLogs", "resourceProfiles", "resource_metrics", "resource_logs")
"""The file exporter writes these, too."""

_KEYS = {
    **dict.fromkeys((*RESOURCE_SPANS, *OTHER_SIGNALS), OTLP),
    "traceEvents": CHROME,
    "ph": CHROME,
    "processes": JAEGER,
    "operationName": JAEGER,
}
_RUN_KINDS = ("bench", "trace", "analysis")
_NAMED = re.compile(rf'"({"|".join(_KEYS)})"\s*:')


def detect(head: str) -> str | None:
    """The format of a text that begins so; None if it is none of them."""
    try:
        found = _of_value(Cursor(iter((head,))), 0)
    except UnreadableError:
        found = None
    if found is None:
        # behind something long
        named = _NAMED.search(head)
        found = _KEYS[named[1]] if named else None
    return found


def _of_value(cursor: Cursor, depth: int) -> str | None:
    first = cursor.peek()
    if first == "{" and depth < 6:
        return _of_object(cursor, depth)
    if first == "[" and depth < 6:
        for _ in cursor.elements():
            return _of_value(cursor, depth + 1)
        return CHROME if depth == 0 else None  # no events
    cursor.skip()
    return None


def _of_object(cursor: Cursor, depth: int) -> str | None:
    for key in cursor.fields():
        if key in _KEYS:
            return _KEYS[key]
        if key in WRAPPERS or (key == "data" and depth == 0):
            found = _of_value(cursor, depth + 1)
            if found is not None or key == "data":
                return found or JAEGER
        elif key == "kind" and depth == 0 and cursor.peek() == '"':
            if cursor.value() in _RUN_KINDS:
                return PERFKIT
        elif key == "schema" and depth == 0:
            return PERFKIT
        else:
            cursor.skip()
    return None
