"""What handlers are given and what they give back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import msgspec

from perfkit.errors import UsageError
from perfkit.worlds.service.parsing import BadMessageError, Message

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n"
    for status in HTTPStatus
    if status.value >= 200
}
_BODILESS = frozenset({204, 304})
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*")
_FRAMING = frozenset({"content-length", "content-type", "transfer-encoding", "connection"})
_JSON = "application/json"
_BYTES = "application/octet-stream"


class Request:
    """One request, as a handler sees it.

    ``path`` holds the values of the route's ``{names}``, ``target`` the URL's path and query as they were
    sent. ``size``, ``seed`` and ``state`` are those of the world; ``number`` counts the service's requests
    from 1, in the order in which they arrived.
    """

    __slots__ = (
        *("method", "target", "headers", "body", "path", "size", "seed", "state", "number"),
        *("_query", "_queries"),
    )

    def __init__(
        self, message: Message, path: dict[str, str], size: int, seed: int, state: Any, number: int
    ) -> None:
        self.method, self.target, self.headers, self.body, _ = message
        self.path = path
        self.size, self.seed, self.state = size, seed, state
        self.number = number
        self._queries: dict[str, list[str]] | None = None
        self._query: dict[str, str] | None = None

    @property
    def queries(self) -> dict[str, list[str]]:
        """All values of each name in the query string: ``?id=1&id=2`` is ``{"id": ["1", "2"]}``."""
        if self._queries is None:
            try:
                self._queries = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
            except ValueError as error:
                raise BadMessageError(400, f"the query cannot be read: {error}") from None
        return self._queries

    @property
    def query(self) -> dict[str, str]:
        """The last value of each name in the query string."""
        if self._query is None:
            self._query = {name: values[-1] for name, values in self.queries.items()}
        return self._query

    @property
    def json(self) -> Any:
        """The body read as JSON; one that is none is answered with 400."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise BadMessageError(400, f"the body is no JSON: {error}") from None

    def __repr__(self) -> str:
        return f"<Request {self.number}: {self.method} {self.target}>"


class Response:
    """An answer with more to it than JSON: ``Response(b"...", content_type="image/png")``.

    Bytes are sent as they are, everything else as JSON. ``rows`` is what ``per_row_ms`` counts: by itself
    the length of a list, or of the longest list directly in a dict. Raises UsageError for a status that
    cannot end a request and for headers that cannot be sent.

    >>> Response([1, 2, 3]).rows
    3
    >>> Response({"total": 900, "items": [1, 2]}, status=206).rows
    2
    """

    __slots__ = ("content", "content_type", "headers", "rows", "status")

    def __init__(
        self,
        body: Any = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str | None = None,
        rows: int | None = None,
    ) -> None:
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise UsageError(f"status={status!r}: give a number from 200 to 599")
        plain = isinstance(body, (bytes, bytearray, memoryview))
        self.status = status
        self.headers = dict(headers) if headers else {}
        self.content_type = content_type or (_BYTES if plain else _JSON)
        self.content = bytes(body) if plain else msgspec.json.encode(body)
        self.rows = _rows(body) if rows is None else rows
        if headers or content_type:
            self._check()

    def _check(self) -> None:
        for name, value in [*self.headers.items(), ("Content-Type", self.content_type)]:
            if not _HEADER.fullmatch(f"{name}: {value}") or not f"{value}".isascii():
                raise UsageError(f"the header {name!r}: {value!r} cannot be sent; take line ends out of it")
        for name in self.headers:
            if name.lower() in _FRAMING:
                raise UsageError(f"the header {name} is set by the service (content_type= is yours)")

    def encoded(self, *, head_only: bool, keep_alive: bool, extra: str = "") -> tuple[bytes, bytes]:
        """Head and body as they are sent. ``extra`` are more header lines, each with its line end."""
        lines = [status_line(self.status)]
        if self.status not in _BODILESS:
            lines.append(f"Content-Type: {self.content_type}\r\nContent-Length: {len(self.content)}\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in self.headers.items()]
        if not keep_alive:
            lines.append("Connection: close\r\n")
        head = f"{''.join(lines)}{extra}\r\n".encode("ascii")
        return head, b"" if head_only or self.status in _BODILESS else self.content


def response(answer: Any) -> Response:
    """What a handler gave back as a Response: ``body`` or ``(status, body)``; raises what encoding raises.

    >>> response((404, {"error": "no such job"})).status
    404
    """
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, tuple) and len(answer) == 2 and type(answer[0]) is int:
        return Response(answer[1], status=answer[0])
    return Response(answer)


def problem(status: int, error: str, **headers: str) -> Response:
    """An answer that says what went wrong; underscores in names of headers become dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response({"error": error}, status=status, headers=named)


def status_line(status: int) -> str:
    """The first line of an answer, with its line end.

    >>> status_line(404).rstrip()
    'HTTP/1.1 404 Not Found'
    """
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"


def _rows(body: Any) -> int:
    if isinstance(body, dict):
        return max((len(value) for value in body.values() if isinstance(value, list)), default=0)
    return len(body) if isinstance(body, list) else 0
