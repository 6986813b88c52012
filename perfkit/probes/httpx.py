"""The probe for httpx, sync and async: a span per attempt on the wire, and per new connection.

Watched are the clients, so that mock, ASGI and WSGI transports count too, and the connection pools of
httpcore, which tell by their ``trace`` extension when they connect, tunnel, and try again (``retries=`` of a
transport). Each redirect and each step of an authentication is a request. See ``http`` for what a span holds.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any

from perfkit.probes.clients import note_blocking, note_pool
from perfkit.probes.http import Attempt, again, begin, declared_length, put_back, under_way
from perfkit.probes.replacements import Replacements
from perfkit.tracing import Operation, here, leave

LIBRARY = "httpx"
TESTED = ("0.26", "0.29")
"""Versions from the first up to, not including, the second are covered by tests."""

_CONNECTING = ("connection.", "socks.", "proxy.")
"""Beginnings of the names of httpcore's events while there is no connection yet."""

_FIRST_STAGES = (".connect_tcp", ".connect_unix_socket")
"""TLS, a tunnel or SOCKS may follow."""

_RETRY = "connection.retry"
_SENDING = ".send_request_headers"

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
        _begin(request, sys._getframe(1))
        note_blocking(under_way.get())
        try:
            response = original(self, request)
        except BaseException as error:
            _failed(error)
            raise
        else:
            _answered(request, response)
        finally:
            put_back(before)
        return response

    return _send_single_request


def _watch_async_request(original: Any) -> Any:
    async def _send_single_request(self: Any, request: Any) -> Any:
        if here() is None:
            return await original(self, request)
        before = under_way.get()
        _begin(request, sys._getframe(1))
        try:
            response = await original(self, request)
        except BaseException as error:
            _failed(error)
            raise
        else:
            _answered(request, response)
        finally:
            put_back(before)
        return response

    return _send_single_request


def _watch_pool(original: Any) -> Any:
    def handle_request(self: Any, request: Any) -> Any:
        if under_way.get() is None:
            return original(self, request)
        connection = _Connection(self, request)
        connection.listen(connection.hear)
        return original(self, request)

    return handle_request


def _watch_async_pool(original: Any) -> Any:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if under_way.get() is None:
            return await original(self, request)
        connection = _Connection(self, request)
        connection.listen(connection.hear_async)
        return await original(self, request)

    return handle_async_request


class _Connection:
    """What httpcore tells of the connection that the attempt under way gets.

    It tells the request's ``trace`` extension, which is ours until the request is being sent; one that the
    application has set is told as ever.
    """

    __slots__ = ("error", "extensions", "opened", "pool", "request", "theirs")

    def __init__(self, pool: Any, request: Any) -> None:
        self.pool = pool
        self.request = request
        self.extensions = request.extensions
        self.theirs = request.extensions.get("trace")
        self.opened: Operation | None = None
        self.error: BaseException | None = None

    def listen(self, listener: Any) -> None:
        """Put ``listener`` in a dictionary of our own: the one that is there is the application's."""
        self.request.extensions = {**self.extensions, "trace": listener}

    def hear(self, name: str, facts: Any) -> Any:
        """Take an event: "connection.connect_tcp.started" and the like."""
        with suppress(Exception):
            self._note(name, facts)
        return None if self.theirs is None else self.theirs(name, facts)

    async def hear_async(self, name: str, facts: Any) -> None:
        """The same for asynchronous pools, whose listeners are."""
        with suppress(Exception):
            self._note(name, facts)
        if self.theirs is not None:
            await self.theirs(name, facts)

    def _note(self, name: str, facts: Any) -> None:
        attempt = under_way.get()
        if attempt is None:
            return
        where, _, step = name.rpartition(".")
        if where.endswith(_SENDING):
            attempt.connection = attempt.connection or "reused"
            if facts["request"].method != b"CONNECT":  # what follows is no longer about the connection
                self.request.extensions = self.extensions
        elif where == _RETRY:
            self._retry(step, attempt)
        elif where.startswith(_CONNECTING):
            self._connect(where, step, facts, attempt)

    def _connect(self, where: str, step: str, facts: Any, attempt: Attempt) -> None:
        if step == "failed":
            self.error = facts["exception"]
            leave(self.opened, self.error)
        elif step == "complete":  # it ends here, until a further stage is complete
            leave(self.opened)
            if self.opened is not None and not self.opened.recording.closed:
                self.opened.end_ns = self.opened.recording.now_ns()
        elif where.endswith(_FIRST_STAGES):
            self.opened = attempt.connecting(sys._getframe(1))
            note_pool(self.opened, self.pool)

    def _retry(self, step: str, attempt: Attempt) -> None:
        if step == "started":
            attempt.failed(self.error)
        elif step == "complete":
            again(attempt, attempt.method, attempt.url, attempt.given, sys._getframe(1))


def _begin(request: Any, frame: FrameType) -> None:
    method, url, body = "", "", None
    with suppress(Exception):
        method, url = request.method, str(request.url)
        body = _body(request)
    begin(method, url, body, frame)


def _body(request: Any) -> bytes | None:
    """The body if it lies there as bytes; streams and forms with files are left alone."""
    import httpx

    try:
        content: bytes = request.content
    except httpx.RequestNotRead:
        # a redirect's body is the stream of bytes that the request before it had; it can be read again
        return b"".join(request.stream) if type(request.stream) is httpx.ByteStream else None
    return content


def _failed(error: BaseException) -> None:
    attempt = under_way.get()
    if attempt is not None:
        attempt.failed(error)


def _answered(request: Any, response: Any) -> None:
    attempt = under_way.get()
    if attempt is None:
        return
    with suppress(Exception):
        body = attempt.given
        sent = len(body) if isinstance(body, bytes) else declared_length(request.headers)
        attempt.answered(response.status_code, response.headers, sent, response.http_version)
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
