"""The probe for aiohttp: a span per attempt on the wire, per new connection, and per request it answers.

A call's first span starts with ``ClientSession._request``. The connector is asked for a connection once per
attempt, so the second time is a redirect, a repetition or a middleware's doing. The handshake of a WebSocket
is a request with status 101. See ``http`` for what a span holds.
"""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from perfkit.probes import aiohttp_web
from perfkit.probes.clients import note_pool
from perfkit.probes.http import Attempt, again, begin, declared_length, put_back, under_way
from perfkit.probes.replacements import Replacements
from perfkit.tracing import here, leave

LIBRARY = "aiohttp"
TESTED = ("3.13", "3.15")
"""Versions from the first up to, not including, the second are covered by tests."""

_FOLLOWED = "_perfkit_attempt"
"""Attribute of a response whose body has not arrived yet."""

_replaced = Replacements()


def install() -> None:
    """Start watching aiohttp. Does nothing when it is watched already."""
    if _replaced:
        return
    from aiohttp import BaseConnector, ClientResponse, ClientSession, TCPConnector, UnixConnector

    _replaced.put(ClientSession, "_request", _watch_request)
    _replaced.put(BaseConnector, "connect", _watch_attempt)
    _replaced.put(TCPConnector, "_create_connection", _watch_connect)
    _replaced.put(UnixConnector, "_create_connection", _watch_connect)
    _replaced.put(ClientResponse, "start", _watch_head)
    _replaced.put(ClientResponse, "close", _watch_end)
    _replaced.put(ClientResponse, "release", _watch_end)
    aiohttp_web.install()


def remove() -> None:
    """Put aiohttp back as it was."""
    _replaced.undo()
    aiohttp_web.remove()


def _watch_request(original: Any) -> Any:
    async def _request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        if here() is None:
            return await original(self, method, str_or_url, **options)
        before = under_way.get()
        attempt = begin(method, _full_url(self, str_or_url, options), _body(options), sys._getframe(1))
        attempt.handed_to = LIBRARY
        try:
            return await original(self, method, str_or_url, **options)
        except BaseException as error:
            _note(error)
            raise
        finally:
            put_back(before)

    return _request


def _watch_attempt(original: Any) -> Any:
    async def connect(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        attempt = under_way.get()
        if attempt is None:
            return await original(self, req, traces, timeout)
        if attempt.handed_to != LIBRARY:
            body = attempt.given if req.body else None
            attempt = again(attempt, req.method, str(req.url), body, sys._getframe(1))
        attempt.handed_to = ""
        try:
            connection = await original(self, req, traces, timeout)
        except BaseException as error:
            attempt.failed(error)
            raise
        attempt.connection = attempt.connection or "reused"
        return connection

    return connect


def _watch_connect(original: Any) -> Any:
    async def _create_connection(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        attempt = under_way.get()
        if attempt is None:
            return await original(self, req, traces, timeout)
        opened = attempt.connecting(sys._getframe(1))
        with suppress(Exception):
            note_pool(opened, self)
        try:
            protocol = await original(self, req, traces, timeout)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return protocol

    return _create_connection


def _watch_head(original: Any) -> Any:
    async def start(self: Any, connection: Any) -> Any:
        attempt = under_way.get()
        try:
            response = await original(self, connection)
        except BaseException as error:
            if attempt is not None:
                attempt.failed(error)
            raise
        if attempt is not None:
            try:
                sent = 0 if attempt.given is None else declared_length(self.request_info.headers)
                attempt.answered(self.status, self.headers, sent, self.version)
                _follow(self, attempt)
            except Exception:  # the same as suppress(), for less
                return response
        return response

    return start


def _watch_end(original: Any) -> Any:
    def close(self: Any) -> Any:
        followed = vars(self).pop(_FOLLOWED, None)
        if followed is not None:
            with suppress(Exception):
                _broken_off(self.content, *followed)
        return original(self)

    return close


def _full_url(session: Any, str_or_url: Any, options: Mapping[str, Any]) -> str:
    try:
        url = session._build_url(str_or_url)
        return str(url.update_query(options["params"]) if options.get("params") else url)
    except Exception:
        return ""


def _body(options: Mapping[str, Any]) -> object:
    return options["json"] if options.get("json") is not None else options.get("data")


def _note(error: BaseException) -> None:
    """An exception has ended the call, perhaps after an answer: a bad status, too many redirects."""
    attempt = under_way.get()
    if attempt is not None:
        status = getattr(error, "status", 0)
        if not attempt.status and isinstance(status, int):
            attempt.status = status
        attempt.failed(error)
        leave(attempt, error)


def _follow(response: Any, attempt: Attempt) -> None:
    """Note the body's size and the end of the span when it has arrived, or when the response is given up."""
    content = response.content

    def arrived() -> None:
        vars(response).pop(_FOLLOWED, None)
        try:
            attempt.ended(_received(content))
        except Exception:
            return

    setattr(response, _FOLLOWED, (attempt, id(sys.exception())))
    content.on_eof(arrived)


def _broken_off(content: Any, attempt: Attempt, handled: int) -> None:
    """The body will not be read any more: because of an error, or because nobody wants it."""
    error = content.exception()
    if error is None and id(sys.exception()) != handled:
        error = sys.exception()
    own = isinstance(error, (CancelledError, OSError)) or type(error).__module__.startswith(f"{LIBRARY}.")
    attempt.ended(_received(content), error if own else None)


def _received(content: Any) -> int:
    received: int = getattr(content, "total_raw_bytes", content.total_bytes)
    return received
