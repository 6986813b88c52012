"""The probe for httpx, sync and async: a span per attempt on the wire, and per new connection.

Watched are the clients, so that mock, ASGI and WSGI transports count too, and the connection pools of httpcore,
which tell by their ``trace`` extension when they connect, tunnel, and try again (``retries=`` of a transport).
Each redirect and each step of an authentication is a request. See ``http`` for what a span holds.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from perfkit.probes.http import Attempt, Replacements, again, begin, under_way
from perfkit.tracing import OpenSpan, here, leave

LIBRARY = "httpx"
TESTED = ("0.28", "0.29")
"""Versions from the first up to, not including, the second are covered by tests."""

_SENDING = frozenset({"http11.send_request_headers.started", "http2.send_request_headers.started"})
_FIRST = (".connect_tcp", ".connect_unix_socket")
"""The first stage of connecting. TLS, a tunnel or SOCKS may follow."""

_CONNECTING = ("connection", "socks", "proxy")
"""Where in httpcore an event comes from, by its first word, while there is no connection yet."""

_replaced = Replacements()


def install() -> None:
    """Start watching httpx. Does nothing when it is watched already."""
    if _replaced:
        return
    import httpcore
    import httpx

    _replaced.put(httpx.Client, "_send_single_request", _watch_request)
    _replaced.put(httpx.AsyncClient, "_send_single_request", _watch_async_request)
    _replaced.put(httpcore.ConnectionPool, "handle_request", _watch_pool)
    _replaced.put(httpcore.AsyncConnectionPool, "handle_async_request", _watch_async_pool)


def remove() -> None:
    """Put httpx and httpcore back as they were."""
    _replaced.undo()


def _watch_request(original: Any) -> Any:
    def _send_single_request(self: Any, request: Any) -> Any:
        if here() is None:
            return original(self, request)
        before = under_way.get()
        begin(request.method, str(request.url), _body(request), sys._getframe(1))
        try:
            response = original(self, request)
        except BaseException as error:
            _fail(error)
            raise
        else:
            _answered(request, response)
        finally:
            under_way.set(before)
        return response

    return _send_single_request


def _watch_async_request(original: Any) -> Any:
    async def _send_single_request(self: Any, request: Any) -> Any:
        if here() is None:
            return await original(self, request)
        before = under_way.get()
        begin(request.method, str(request.url), _body(request), sys._getframe(1))
        try:
            response = await original(self, request)
        except BaseException as error:
            _fail(error)
            raise
        else:
            _answered(request, response)
        finally:
            under_way.set(before)
        return response

    return _send_single_request


def _watch_pool(original: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        if under_way.get() is None:
            return original(self, request)
        theirs, connection = request.extensions.get("trace"), _Connection()

        def listen(name: str, facts: Any) -> Any:
            with suppress(Exception):
                connection.listen(name, facts)
            return None if theirs is None else theirs(name, facts)

        return original(self, _with_trace(request, listen))

    return handle_request


def _watch_async_pool(original: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if under_way.get() is None:
            return await original(self, request)
        theirs, connection = request.extensions.get("trace"), _Connection()

        async def listen(name: str, facts: Any) -> None:
            with suppress(Exception):
                connection.listen(name, facts)
            if theirs is not None:
                await theirs(name, facts)

        return await original(self, _with_trace(request, listen))

    return handle_async_request


class _Connection:
    """What a pool's events say about the connection of the attempt that is under way."""

    __slots__ = ("error", "opened")

    def __init__(self) -> None:
        self.opened: OpenSpan | None = None
        self.error: BaseException | None = None

    def listen(self, name: str, facts: Any) -> None:
        """Take an event of httpcore: "connection.connect_tcp.started" and the like."""
        attempt = under_way.get()
        if attempt is None:
            return
        if name in _SENDING:
            attempt.attrs.setdefault("connection", "reused")
        elif name.startswith(_CONNECTING):
            where, _, step = name.rpartition(".")
            if where == "connection.retry":
                self._retry(step, attempt)
            elif step == "started":
                if where.endswith(_FIRST):
                    self.opened = attempt.connecting(sys._getframe(1))
            elif step == "complete":
                self._extend()
            elif step == "failed":
                self.error = facts.get("exception")
                leave(self.opened, self.error)

    def _extend(self) -> None:
        """A stage of connecting is over, perhaps the last one."""
        leave(self.opened)
        if self.opened is not None and not self.opened.recording.closed:
            self.opened.end_ns = self.opened.recording.now_ns()

    def _retry(self, step: str, attempt: Attempt) -> None:
        if step == "started":
            attempt.failed(self.error)
        elif step == "complete":
            again(attempt, attempt.given, sys._getframe(1))


def _with_trace(request: Any, listen: Any) -> Any:
    """The same request, with a ``trace`` of our own; the extensions' dictionary is the application's."""
    watched = copy.copy(request)
    watched.extensions = {**request.extensions, "trace": listen}
    return watched


def _body(request: Any) -> bytes | None:
    """The body if it lies there as bytes; streams and forms with files are left alone."""
    with suppress(Exception):
        content: bytes = request.content
        return content
    return None


def _fail(error: BaseException) -> None:
    attempt = under_way.get()
    if attempt is not None:
        attempt.failed(error)


def _answered(request: Any, response: Any) -> None:
    attempt = under_way.get()
    if attempt is None:
        return
    attempt.answered(response.status_code, response.headers, request.headers)
    with suppress(Exception):
        if response.is_closed:
            attempt.ended(None)
        else:
            response.stream = _followed()(response.stream, attempt)


@cache
def _followed() -> Any:
    """The class of streams whose end is noted: made late, since it derives from httpx's own."""
    import httpx

    class Followed(httpx.SyncByteStream, httpx.AsyncByteStream):
        """A response's body, sync or async, as it was but for its end being noted."""

        def __init__(self, stream: Any, attempt: Attempt) -> None:
            self._stream = stream
            self._attempt = attempt

        def __iter__(self) -> Iterator[bytes]:
            return _Chunks(iter(self._stream), self._attempt)

        def __aiter__(self) -> AsyncIterator[bytes]:
            return _AsyncChunks(aiter(self._stream), self._attempt)

        def close(self) -> None:
            try:
                self._stream.close()
            finally:
                self._attempt.ended(self._attempt.received)

        async def aclose(self) -> None:
            try:
                await self._stream.aclose()
            finally:
                self._attempt.ended(self._attempt.received)

    return Followed


class _Chunks:
    """Iterates over a body. No generator, which would have to be closed."""

    def __init__(self, chunks: Iterator[bytes], attempt: Attempt) -> None:
        self._chunks = chunks
        self._attempt = attempt

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._attempt.ended(self._attempt.received)
            raise
        except BaseException as error:
            self._attempt.ended(self._attempt.received, error)
            raise
        self._attempt.received += len(chunk)
        return chunk


class _AsyncChunks:
    """The same for an asynchronous body."""

    def __init__(self, chunks: AsyncIterator[bytes], attempt: Attempt) -> None:
        self._chunks = chunks
        self._attempt = attempt

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._attempt.ended(self._attempt.received)
            raise
        except BaseException as error:
            self._attempt.ended(self._attempt.received, error)
            raise
        self._attempt.received += len(chunk)
        return chunk
