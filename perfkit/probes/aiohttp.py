"""The probe for aiohttp's client: a span per request and per new connection.

Wraps ``ClientSession._request`` and ``TCPConnector._create_connection`` and nothing else. A request's span
lasts until its body has arrived; what is kept of URL and body is their template and hashes of the values.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import wraps
from typing import Any

from perfkit.fingerprints import describe_body, describe_url
from perfkit.fingerprints.values import hash_leaves, hash_value, query_values
from perfkit.tracing import Scope, enter, here, leave

LIBRARY = "aiohttp"
TESTED = ("3.14", "3.15")
"""Versions from the first up to, not including, the second are covered by tests."""

LONGEST_MS = 86_400_000
"""A Server-Timing duration above a day is taken for nonsense and ignored."""

_LENGTH = re.compile(r"[0-9]{1,18}")

_originals: list[tuple[Any, str, Any]] = []


def install() -> None:
    """Start watching aiohttp. Does nothing when it is watched already."""
    from aiohttp import ClientSession, TCPConnector

    if not _originals:
        _replace(ClientSession, "_request", _watch_request)
        _replace(TCPConnector, "_create_connection", _watch_connect)


def remove() -> None:
    """Put aiohttp back as it was."""
    while _originals:
        owner, name, original = _originals.pop()
        setattr(owner, name, original)


def _replace(owner: Any, name: str, watch: Any) -> None:
    original = getattr(owner, name)
    _originals.append((owner, name, original))
    setattr(owner, name, wraps(original)(watch(original)))


def _watch_request(original: Any) -> Any:
    async def _request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        if here() is None:
            return await original(self, method, str_or_url, **options)
        attrs = _describe(self, method, str_or_url, options)
        scope = enter(
            "request", f"{attrs['method']} {attrs['host']}{attrs['template']}", attrs, sys._getframe(1)
        )
        try:
            response = await original(self, method, str_or_url, **options)
        except BaseException as error:
            status = getattr(error, "status", 0)
            attrs["status"] = status if isinstance(status, int) else 0
            leave(scope, error)
            raise
        _answered(scope, attrs, response)
        return response

    return _request


def _watch_connect(original: Any) -> Any:
    async def _create_connection(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        scope = here()
        if scope is None:
            return await original(self, req, traces, timeout)
        if scope.span is not None and scope.span.kind == "request":
            scope.span.attrs["connection"] = "new"
        host = describe_url(str(req.url)).host
        opened = enter("connect", f"connect {host}", {"host": host}, sys._getframe(1))
        try:
            protocol = await original(self, req, traces, timeout)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return protocol

    return _create_connection


def _describe(session: Any, method: Any, str_or_url: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a request before it is sent.

    Whatever cannot be described is left out: it is for aiohttp to say what is wrong with a request.
    """
    attrs: dict[str, Any] = {
        "method": method.upper() if isinstance(method, str) else "",
        "host": "",
        "template": "",
        "body": "",
        "params": {},
        "connection": "reused",
    }
    with suppress(Exception):
        _describe_body(attrs, options)
    with suppress(Exception):
        _describe_url(attrs, session, str_or_url, options)
    return attrs


def _describe_body(attrs: dict[str, Any], options: Mapping[str, Any]) -> None:
    body = describe_body(options["json"] if options.get("json") is not None else options.get("data"))
    attrs.update(body=body.template, params=dict(body.params))
    if body.rpc:
        attrs["rpc"] = body.rpc
    if body.batch:
        attrs["batch"] = body.batch


def _describe_url(attrs: dict[str, Any], session: Any, str_or_url: Any, options: Mapping[str, Any]) -> None:
    full = session._build_url(str_or_url)
    if options.get("params"):
        full = full.update_query(options["params"])
    url = describe_url(str(full))
    attrs.update(host=url.host, template=url.template)
    if url.rpc:
        attrs.setdefault("rpc", url.rpc)
    params = attrs["params"]
    if url.query:
        params.update((f"?{key}", value) for key, value in hash_leaves(query_values(url.query)).items())
    if url.template != full.path:
        params["path"] = hash_value(full.path)


def _answered(scope: Scope | None, attrs: dict[str, Any], response: Any) -> None:
    """Note the answer's head now, and its size and the end of the span when its body has arrived."""
    with suppress(Exception):
        _describe_answer(attrs, response)
    leave(scope)
    if scope is None or scope.span is None:
        return
    span, recording = scope.span, scope.recording

    def arrived() -> None:
        with suppress(Exception):
            attrs["bytes_received"] = response.content.total_bytes
        if not recording.closed:
            span.end_ns = recording.now_ns()

    with suppress(Exception):
        response.content.on_eof(arrived)


def _describe_answer(attrs: dict[str, Any], response: Any) -> None:
    attrs["status"] = response.status
    timing = response.headers.get("Server-Timing")
    if timing:
        attrs["server_ns"] = server_timing_ns(timing)
    length = response.request_info.headers.get("Content-Length", "")
    attrs["bytes_sent"] = int(length) if _LENGTH.fullmatch(length) else 0


def server_timing_ns(header: str) -> int:
    """Sum of the ``dur`` (milliseconds) of a Server-Timing header, in nanoseconds (W3C Server Timing).

    >>> server_timing_ns('db;dur=53.2, app;desc="x";dur=7')
    60200000
    """
    total = 0.0
    for metric in header.split(","):
        for parameter in metric.split(";")[1:]:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "dur":
                total += _milliseconds(value.strip().strip('"'))
    return round(total * 1e6)


def _milliseconds(text: str) -> float:
    """A duration a server may mean; 0 for anything else."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and 0 <= value <= LONGEST_MS else 0.0
