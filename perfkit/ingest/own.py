"""Spans that perfkit itself recorded, read back without loss: the inverse of ``report.otlp``.

What a file says is checked all the same: rules rely on the types of what they look at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from perfkit.fingerprints.sql import describe_sql
from perfkit.model import Frame
from perfkit.probes.conventions import OTHER_SYSTEMS, Described, as_span

KIND = "perfkit.kind"
ID, PARENT = "perfkit.span_id", "perfkit.parent_id"
"""In formats without ids of their own: which span it is, and which one holds it (0: none)."""

RECORDING = "recording"
"""The kind of the span that stands for the whole recording."""

_KINDS = frozenset({"request", "connect", "query", "transaction", "wait", "blocked", "allow", RECORDING})
_DATABASE_KINDS = frozenset({"query", "transaction", "connect"})

_FRAME = re.compile(r"(?P<file>.+):(?P<line>\d{1,9}) in (?P<function>.+)", re.DOTALL)
_MAX_FRAMES = 32
_MAX_FRAME = 1_000

_DATABASE = {"db.query.text": "sql", "db.system.name": "system", "db.namespace": "database"}
_REQUEST = {
    "http.request.method": "method",
    "url.template": "template",
    "http.response.status_code": "status",
    "http.request.resend_count": "retry",
    "http.request.body.size": "bytes_sent",
    "http.response.body.size": "bytes_received",
}
_SYSTEMS = {"microsoft.sql_server": "mssql", "oracle.db": "oracle"}

_TEXTS = frozenset(
    (
        *("sql", "system", "host", "database", "library", "alias", "relation", "target"),
        *("deferred", "reload", "template"),
        *("method", "body", "rpc", "call", "inside", "on", "rule", "reason", "tracer", "service"),
    )
)
_NUMBERS = frozenset(
    (
        *("rows", "listed", "many", "retry", "redirect", "status", "server_ns", "bytes_sent", "batch"),
        *("bytes_received", "threshold_ns", "flush", "size", "waiting"),
        *("delayed_ns",),
    )
)
_FLAGS = frozenset({"transaction", "catalogue", "eager", "refresh", "autoflush", "opaque", "entry"})


def checked(kind: str, attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """The attributes of a span of perfkit's, without those of another type than the rules count on.

    >>> checked("query", {"rows": 5, "sql": 7, "params": "00ff", "transaction": "yes"})
    {'rows': 5, 'params': '00ff'}
    """
    return {key: value for key, value in attrs.items() if isinstance(key, str) and _fits(kind, key, value)}


def _fits(kind: str, key: str, value: Any) -> bool:
    if kind == "span":
        return True  # the application's own
    if key in _TEXTS:
        return isinstance(value, str)
    if key in _NUMBERS:
        return type(value) is int and 0 <= value < 2**62
    if key in _FLAGS:
        return isinstance(value, bool)
    if key == "params":
        return _is_texts(value) if kind == "request" else isinstance(value, str)
    if key in ("each", "parameters"):
        return _is_texts(value) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
    if key == "connection":
        return isinstance(value, str) if kind == "request" else type(value) is int
    return value is not None


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in (*value, *value.values()))


def read_back(name: str, facts: Mapping[str, Any]) -> Described:
    """The operation that was exported with these attributes."""
    kind = facts.get(KIND)
    if kind not in _KINDS:
        return as_span(name, {key: value for key, value in facts.items() if not _is_added(key)})
    names = _REQUEST if kind == "request" else _DATABASE if kind in _DATABASE_KINDS else {}
    attrs = {
        names.get(key, key.removeprefix("perfkit.")): v for key, v in facts.items() if _is_told(key, names)
    }
    if isinstance(attrs.get("system"), str):
        attrs["system"] = _SYSTEMS.get(attrs["system"], attrs["system"])
    if kind in _DATABASE_KINDS or kind == "request":
        attrs["host"] = _host(facts.get("server.address"), facts.get("server.port"))
    if "db.operation.batch.size" in facts:
        attrs["many"] = facts["db.operation.batch.size"]
    return _whole(kind, name, checked(kind, attrs))


def _is_added(key: str) -> bool:
    return key.startswith(("perfkit.", "code.")) or key == "error.type"


def _is_told(key: str, names: Mapping[str, str]) -> bool:
    """Whether an attribute of an operation is one of its own: not its place, which the Span has."""
    return key in names or (key.startswith("perfkit.") and key not in _OF_THE_SPAN)


_OF_THE_SPAN = frozenset(
    {KIND, ID, PARENT, "perfkit.path", "perfkit.task", "perfkit.thread", "perfkit.cpu_ns"}
)


def _whole(kind: str, name: str, attrs: dict[str, Any]) -> Described:
    """With what is not exported since it is empty, and masked once more."""
    if kind in ("query", "transaction") and isinstance(attrs.get("sql", name), str):
        sql = attrs.get("sql", name)
        if attrs.get("system") not in OTHER_SYSTEMS:
            sql = name = describe_sql(sql).template
        attrs = {"system": "", "database": "", **attrs, "sql": sql}
        if "?" not in sql:
            attrs.setdefault("params", "")
    elif kind == "request":
        empty = {"method": "", "template": "", "body": "", "params": {}, "status": 0, "retry": 0}
        attrs = {**empty, **attrs}
        name = f"{attrs['method']} {attrs['host']}{attrs['template']}"
    return Described(kind, name, attrs)


def _host(address: object, port: object) -> str:
    if not isinstance(address, str):
        return ""
    if type(port) is not int:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def frames(site: Frame | None, facts: Mapping[str, Any]) -> tuple[Frame, ...]:
    """The call path: the site, and what was exported beside it."""
    path = [site] if site else []
    further = facts.get("perfkit.path")
    for text in further[:_MAX_FRAMES] if isinstance(further, list) else []:
        match = _FRAME.fullmatch(text[:_MAX_FRAME]) if isinstance(text, str) else None
        if match:
            path.append(Frame(match["file"], int(match["line"]), match["function"]))
    return tuple(path)
