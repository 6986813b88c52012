"""What a span knows, under the names of OpenTelemetry's semantic conventions where they have one.

What they have no name for is ``perfkit.*``, so that ``perfkit analyze`` reads a span back whole.
Source: opentelemetry.io/docs/specs/semconv.
"""

from __future__ import annotations

from typing import Any

from perfkit.model import Span

_DATABASE = {"sql": "db.query.text", "system": "db.system.name", "database": "db.namespace"}
_REQUEST = {
    "method": "http.request.method",
    "template": "url.template",
    "status": "http.response.status_code",
    "retry": "http.request.resend_count",
    "bytes_sent": "http.request.body.size",
    "bytes_received": "http.response.body.size",
}
_CONVENTIONS = {"query": _DATABASE, "transaction": _DATABASE, "connect": _DATABASE, "request": _REQUEST}
"""By kind of span: the attributes that the semantic conventions have another name for."""

_SYSTEMS = {"mssql": "microsoft.sql_server", "oracle": "oracle.db"}


def attributes_of(span: Span) -> dict[str, Any]:
    """What a span knows, under the names of the semantic conventions where they have one."""
    found: dict[str, Any] = {}
    if span.kind == "span":
        found.update(span.attrs)  # the application's own, under its own names
    else:
        _translate(span, found)
    found["error.type"] = failure_of(span)
    if span.site is not None:
        found["code.file.path"] = span.site.file
        found["code.line.number"] = span.site.line
        found["code.function.name"] = span.site.function
    found["perfkit.kind"] = span.kind
    found["perfkit.path"] = [str(frame) for frame in span.path[1:]] or None
    found["perfkit.task"] = span.task or None
    found["perfkit.thread"] = span.thread or None
    found["perfkit.cpu_ns"] = span.cpu_ns if span.cpu_ns >= 0 else None
    return found


def _translate(span: Span, found: dict[str, Any]) -> None:
    names = _CONVENTIONS.get(span.kind, {})
    for key, value in span.attrs.items():
        if key == "host" and span.kind in _CONVENTIONS:
            found["server.address"], found["server.port"] = _server(str(value))
        elif key == "system":
            found["db.system.name"] = _SYSTEMS.get(value, value) if isinstance(value, str) else None
        elif key == "many" and type(value) is int and value > 1:
            found["db.operation.batch.size"] = value  # by the conventions never 1
        elif key in ("status", "retry") and not value:
            continue  # no answer; the first try
        else:
            found[names.get(key, f"perfkit.{key}")] = value


def _server(host: str) -> tuple[str, int | None]:
    """Address and port.

    >>> _server("db.example:5432"), _server("[::1]:80"), _server("/run/postgresql")
    (('db.example', 5432), ('::1', 80), ('/run/postgresql', None))
    """
    address, _, port = host.rpartition(":")
    if port.isdecimal() and address and (":" not in address or address.startswith("[")):
        return address.strip("[]"), int(port)
    return host.strip("[]"), None


def failure_of(span: Span) -> str:
    """The exception that ended it, or the status of an answer that is no success; "" if all went well."""
    status = span.attrs.get("status") if span.kind == "request" else None
    refused = str(status) if isinstance(status, int) and status >= 400 else ""
    return span.error or refused
