"""HTTP/1.1 requests out of bytes, however these were cut into packets. Does no input or output itself.

RFC 9112, strictly: what it lets a server refuse is refused, because requests that two programs understand
differently hide errors. Nothing but ``BadMessageError`` is raised, whatever the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from perfkit.errors import WorldError

MAX_HEAD_BYTES = 65_536
"""Request line and headers together; the usual servers take 8 to 64 KiB."""

MAX_BODY_BYTES = 64 * 2**20
"""A batch may carry many calls with long filters each."""

_MAX_CHUNK_LINE_BYTES = 256
_MAX_CACHED_BYTES = 2_048

_FIRST_BYTES = frozenset(range(0x21, 0x7F)) | {0x0D}
"""Whatever else a connection begins with is refused at once: a TLS handshake would wait for ever."""
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_NEVER_TWICE = frozenset({"host", "content-length", "transfer-encoding"})


class BadMessageError(WorldError):
    """A request that cannot be understood, and the ``status`` to answer it with."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


class Headers(Mapping[str, str]):
    """Header fields by name, in whatever case; the values of a repeated one are joined by commas.

    >>> Headers({"content-type": "text/plain"})["Content-Type"]
    'text/plain'
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class Message(NamedTuple):
    """One request as it came. ``keep_alive``: the client wants to use the connection again."""

    method: str
    target: str
    headers: Headers
    body: bytes
    keep_alive: bool


class _Fields(NamedTuple):
    """What a block of header fields says. ``length`` is that of the body, None if it comes in chunks."""

    headers: Headers
    length: int | None
    options: frozenset[str]
    expects_continue: bool


class _Head(NamedTuple):
    method: str
    target: str
    fields: _Fields
    keep_alive: bool


class Parser:
    r"""Takes bytes with ``feed`` and gives requests with ``next``, in order.

    ``wants_continue`` is true when a client waits for "100 Continue" before it sends a body; whoever tells it
    so sets it to false.

    >>> parser = Parser()
    >>> parser.feed(b"GET /jobs HTTP/1.1\r\nHost: a\r\n\r\nGET /")
    >>> parser.next().target, parser.next()
    ('/jobs', None)
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.wants_continue = False
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._head: _Head | None = None
        self._body = bytearray()
        self._chunk_left = 0
        self._in_trailers = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes that no request has been made of yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        self._buffer += data

    def next(self) -> Message | None:
        """The next request, or None until more has arrived. After BadMessageError the connection is lost."""
        head = self._head or self._read_head()
        if head is None:
            return None
        body = self._read_chunks() if head.fields.length is None else self._read_length(head.fields.length)
        if body is None:
            return None
        self._head, self.wants_continue = None, False
        return Message(head.method, head.target, head.fields.headers, body, head.keep_alive)

    def _read_head(self) -> _Head | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: some clients end a body with one too many
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n", self._searched, MAX_HEAD_BYTES)
        if end < 0:
            if len(buffer) >= MAX_HEAD_BYTES:
                raise BadMessageError(431, f"request line and headers are over {MAX_HEAD_BYTES} bytes long")
            if buffer and buffer[0] not in _FIRST_BYTES:
                raise BadMessageError(
                    400, f"{bytes(buffer[:8])!r} begins no request: is this HTTPS, to an HTTP port?"
                )
            self._searched = max(0, len(buffer) - 3)
            return None
        block = bytes(buffer[:end])
        del buffer[: end + 4]
        self._searched = 0
        self._head = _cached_head(block) if end <= _MAX_CACHED_BYTES else _read(block)
        self.wants_continue = self._head.fields.expects_continue
        length = self._head.fields.length
        if length is not None and length > self._max_body_bytes:
            raise self._too_long(length)
        return self._head

    def _read_length(self, length: int) -> bytes | None:
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self) -> bytes | None:
        while not self._in_trailers:
            if not self._chunk_left and not self._begin_chunk():
                return None
            if self._chunk_left and not self._continue_chunk():
                return None
        return self._end_chunks()

    def _begin_chunk(self) -> bool:
        line = self._line(_MAX_CHUNK_LINE_BYTES)
        if line is None:
            return False
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise BadMessageError(400, f"{line[:40]!r} is no size of a chunk")
        size = int(found[1], 16)
        if len(self._body) + size > self._max_body_bytes:
            raise self._too_long(len(self._body) + size)
        self._chunk_left = size + 2 if size else 0  # with the line end behind it
        self._in_trailers = not size
        return True

    def _continue_chunk(self) -> bool:
        part = self._buffer[: self._chunk_left]
        del self._buffer[: len(part)]
        self._body += part
        self._chunk_left -= len(part)
        if self._chunk_left:
            return False
        if not self._body.endswith(b"\r\n"):
            raise BadMessageError(400, "a chunk is longer than it says")
        del self._body[-2:]
        return True

    def _end_chunks(self) -> bytes | None:
        while line := self._line(MAX_HEAD_BYTES):
            if not _FIELD.fullmatch(line):
                raise BadMessageError(400, f"{line[:40]!r} is no trailer field")
        if line is None:
            return None
        body = bytes(self._body)
        self._body.clear()
        self._in_trailers = False
        return body

    def _line(self, limit: int) -> bytes | None:
        end = self._buffer.find(b"\r\n", 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise BadMessageError(400, f"a line in a chunked body is over {limit} bytes long")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _too_long(self, length: int) -> BadMessageError:
        return BadMessageError(413, f"a body of {length} bytes is over the limit of {self._max_body_bytes}")


def _read(block: bytes) -> _Head:
    line, _, rest = block.partition(b"\r\n")
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise BadMessageError(400, f"{line[:60]!r} is no request line")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise BadMessageError(505, f"HTTP/{major.decode()}.{minor.decode()} is not spoken here, HTTP/1.1 is")
    fields = _cached_fields(rest) if len(rest) <= _MAX_CACHED_BYTES else _fields(rest)
    new = minor != b"0"
    if new and "host" not in fields.headers:
        raise BadMessageError(400, "the Host header is missing")
    if not new and fields.length is None:
        raise BadMessageError(400, "HTTP/1.0 knows no chunks")
    keep = "close" not in fields.options if new else "keep-alive" in fields.options
    return _Head(method.decode(), target.decode(), fields, keep)


# A client sends few different heads, but for bodies' lengths; all of what is kept cannot be changed.
_cached_head = lru_cache(maxsize=256)(_read)


def _fields(block: bytes) -> _Fields:
    fields: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else ():
        found = _FIELD.fullmatch(line)
        if found is None:
            raise BadMessageError(400, f"{line[:60]!r} is no header field")
        name, value = found[1].decode().lower(), found[2].rstrip(b" \t").decode("latin-1")
        if name in fields:
            if name in _NEVER_TWICE:
                raise BadMessageError(400, f"two headers named {name}")
            value = f"{fields[name]}, {value}"
        fields[name] = value
    options = frozenset(option.strip().lower() for option in fields.get("connection", "").split(","))
    expects = fields.get("expect", "").lower() == "100-continue"
    return _Fields(Headers(fields), _length(fields), options, expects)


# Targets may differ each time where the header block is the same.
_cached_fields = lru_cache(maxsize=256)(_fields)


def _length(fields: dict[str, str]) -> int | None:
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            raise BadMessageError(400, "Content-Length and Transfer-Encoding at once")
        if coding.lower() != "chunked":
            raise BadMessageError(501, f"the transfer encoding {coding[:40]!r} is not spoken here")
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        raise BadMessageError(400, f"{length[:40]!r} is no Content-Length")
    return int(length)
