"""The probe for urllib3: a span per attempt on the wire, and per new connection.

``HTTPConnectionPool.urlopen`` calls itself once for each redirect and each of Retry's attempts, so each of
its calls is one attempt. requests speaks through urllib3: its own probe watches with this one, and what that
has opened a span for is not recorded again. See ``http`` for what a span holds.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import suppress
from typing import Any

from perfkit.probes.clients import note_pool
from perfkit.probes.http import Attempt, begin, declared_length, put_back, under_way
from perfkit.probes.replacements import Replacements
from perfkit.tracing import here, leave

LIBRARY = "urllib3"
TESTED = ("2.0", "2.9")
"""Versions from the first up to, not including, the second are covered by tests."""

_FOLLOWED = "_perfkit_attempt"
"""Attribute of a response whose body has not been read yet."""

_BODY, _RETRIES = 0, 2
"""Places among the positional arguments of urlopen that follow method and URL."""

_replaced = Replacements()
_users: set[str] = set()


def install() -> None:
    """Start watching urllib3. Does nothing when it is watched already."""
    watch(LIBRARY)


def remove() -> None:
    """Put urllib3 back as it was, unless requests is still being watched: then only for its direct use."""
    unwatch(LIBRARY)


def watch(user: str) -> None:
    """Replace the methods on behalf of a probe: urllib3's own, or that of a library built on it."""
    _users.add(user)
    if _replaced:
        return
    from urllib3 import HTTPConnectionPool, HTTPResponse
    from urllib3.connection import HTTPConnection, HTTPSConnection

    _replaced.put(HTTPConnectionPool, "urlopen", _watch_urlopen)
    _replaced.put(HTTPConnectionPool, "_make_request", _watch_head)
    _replaced.put(HTTPConnection, "connect", _watch_connect)
    if HTTPSConnection is not HTTPConnection:
        _replaced.put(HTTPSConnection, "connect", _watch_connect)
    _replaced.put(HTTPResponse, "_raw_read", _watch_read)
    _replaced.put(HTTPResponse, "read_chunked", _watch_chunks)
    _replaced.put(HTTPResponse, "_handle_chunk", _watch_chunk)
    _replaced.put(HTTPResponse, "close", _watch_close)


def unwatch(user: str) -> None:
    """The opposite of ``watch``; the last one puts the methods back."""
    _users.discard(user)
    if not _users:
        _replaced.undo()


def _watch_urlopen(original: Any) -> Any:
    def urlopen(self: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        outer = under_way.get()
        if outer is not None and outer.handed_to == LIBRARY:  # requests has described it already
            outer.handed_to, outer.pool = "", self
            return original(self, method, url, *args, **options)
        if here() is None or (outer is None and LIBRARY not in _users):
            return original(self, method, url, *args, **options)
        body = options.get("body", args[_BODY] if len(args) > _BODY else None)
        retries = options.get("retries", args[_RETRIES] if len(args) > _RETRIES else None)
        repeats = _repeats(retries)
        if repeats and outer is not None:
            outer.failed(None)  # if nobody has noticed it yet
        attempt = begin(method, _full_url(self, url), body, sys._getframe(1), retry=repeats)
        attempt.pool = self
        try:
            return original(self, method, url, *args, **options)
        except BaseException as error:
            attempt.failed(error)
            raise
        finally:
            put_back(outer)

    return urlopen


def _watch_head(original: Any) -> Any:
    def _make_request(self: Any, conn: Any, *args: Any, **options: Any) -> Any:
        attempt = under_way.get()
        if attempt is None:
            return original(self, conn, *args, **options)
        is_new = getattr(conn, "sock", None) is None
        attempt.connection = attempt.connection or ("new" if is_new else "reused")
        try:
            response = original(self, conn, *args, **options)
        except BaseException as error:
            attempt.failed(error)
            raise
        with suppress(Exception):
            sent = _sent(attempt.given, options.get("headers"))
            attempt.answered(response.status, response.headers, sent, response.version)
            _follow(response, attempt)
        return response

    return _make_request


def _watch_connect(original: Any) -> Any:
    def connect(self: Any) -> Any:
        attempt = under_way.get()
        if attempt is None or attempt.over:
            return original(self)
        opened = attempt.connecting(sys._getframe(1))
        with suppress(Exception):
            note_pool(opened, attempt.pool)
        try:
            result = original(self)
        except BaseException as error:
            leave(opened, error)
            attempt.failed(error)  # Retry sleeps next, and calls urlopen again
            raise
        leave(opened)
        return result

    return connect


def _watch_read(original: Any) -> Any:
    def _raw_read(self: Any, *args: Any, **options: Any) -> Any:
        attempt = vars(self).get(_FOLLOWED)
        if attempt is None:
            return original(self, *args, **options)
        try:
            data = original(self, *args, **options)
        except BaseException as error:
            _ended(self, attempt, error)
            raise
        if self.closed:
            _ended(self, attempt)
        return data

    return _raw_read


def _watch_chunks(original: Any) -> Any:
    def read_chunked(self: Any, *args: Any, **options: Any) -> Any:
        attempt = vars(self).get(_FOLLOWED)
        chunks = original(self, *args, **options)
        return chunks if attempt is None else _until_the_end(chunks, self, attempt)

    return read_chunked


def _watch_chunk(original: Any) -> Any:
    def _handle_chunk(self: Any, amt: Any) -> Any:
        chunk = original(self, amt)
        attempt = vars(self).get(_FOLLOWED)
        if attempt is not None:
            attempt.received += len(chunk)
        return chunk

    return _handle_chunk


def _watch_close(original: Any) -> Any:
    def close(self: Any) -> Any:
        attempt = vars(self).get(_FOLLOWED)
        try:
            return original(self)
        finally:
            if attempt is not None:
                _ended(self, attempt)

    return close


def _until_the_end(chunks: Any, response: Any, attempt: Attempt) -> Generator[bytes, None, None]:
    try:
        yield from chunks
    except BaseException as error:
        _ended(response, attempt, error)
        raise
    _ended(response, attempt)


def _full_url(pool: Any, url: str) -> str:
    """What ``urlopen`` was called with is mostly the path alone."""
    with suppress(Exception):
        if not url.startswith("/"):
            return url
        host = f"[{pool.host}]" if ":" in pool.host else pool.host
        port = "" if pool.port is None else f":{pool.port}"
        return f"{pool.scheme}://{host}{port}{url}"
    return ""


def _sent(body: object, headers: Any) -> int:
    if body is None:
        return 0
    return len(body) if isinstance(body, (bytes, bytearray)) else declared_length(headers)


def _repeats(retries: Any) -> int:
    """How many attempts urllib3's Retry has made since the last redirect."""
    count = 0
    with suppress(Exception):
        for entry in reversed(getattr(retries, "history", ())):
            if entry.redirect_location:
                break
            count += 1
    return count


def _follow(response: Any, attempt: Attempt) -> None:
    """Wait for the end of the body, unless it has been read already."""
    if response.closed:
        attempt.ended(response.tell())
    else:
        setattr(response, _FOLLOWED, attempt)


def _ended(response: Any, attempt: Attempt, error: BaseException | None = None) -> None:
    vars(response).pop(_FOLLOWED, None)
    received = None
    with suppress(Exception):
        received = response.tell() + attempt.received
    # a read that fails does not tell how much it got
    attempt.ended(received if error is None else received or None, error)
