"""The framing of PostgreSQL's protocol, version 3: nothing is understood here that the gate does not need.

A message is a byte that names its kind, a length that counts itself, and a body; a client's first have no
kind. Source: the manual's "Frontend/Backend Protocol" and "Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from perfkit.errors import SimulationError

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_104, 80_877_102

STARTUP = b""
"""The kind of a message without one."""

TERMINATE = b"X\0\0\0\4"

NOTHING = b"Q\0\0\0\5\0"
"""An empty query: makes an idle server say what it has to say."""

_LARGEST_STARTUP_BYTES = 10_000  # MAX_STARTUP_PACKET_LENGTH of the server
_HEADER = struct.Struct(">cI")


class ClientMessages:
    """Cuts the bytes of one client into messages.

    >>> messages = ClientMessages()
    >>> first = startup({"user": "ann"})
    >>> [kind for kind, _ in messages.feed(first + b"Q" + bytes([0, 0, 0, 5, 0]))]
    [b'', b'Q']
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._started = False

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The (kind, whole message) pairs that are complete now."""
        rest = self._rest
        rest += data
        start = 0
        try:
            while (size := self._size(start)) and start + size <= len(rest):
                message = bytes(rest[start : start + size])
                start += size
                kind = message[:1] if self._started else STARTUP
                self._started = self._started or code_of(message) not in (SSL_REQUEST, GSS_REQUEST)
                yield kind, message
        finally:
            del rest[:start]

    def _size(self, start: int) -> int:
        """The size of the message that begins there; 0 where too little is known."""
        if len(self._rest) - start < 8 - 3 * self._started:
            return 0
        if self._started:
            return 1 + int(_HEADER.unpack_from(self._rest, start)[1])
        size = int.from_bytes(self._rest[start : start + 4])
        if not 8 <= size <= _LARGEST_STARTUP_BYTES:
            raise SimulationError(
                f"a client of the simulated PostgreSQL begins with {bytes(self._rest[:8])!r}, "
                "which is no startup message; TLS from the start (sslnegotiation=direct) is not simulated"
            )
        return size


def code_of(message: bytes) -> int:
    """What a message without a kind asks for."""
    return int.from_bytes(message[4:8])


def message(kind: bytes, body: bytes) -> bytes:
    """A message from its parts.

    >>> list(message(b"S", b""))
    [83, 0, 0, 0, 4]
    """
    return kind + (len(body) + 4).to_bytes(4) + body


def parameters(startup: bytes) -> dict[str, str]:
    """The user, database and settings that a startup message asks for."""
    words = startup[8:].split(b"\0")
    return {
        name.decode(errors="surrogateescape"): value.decode(errors="surrogateescape")
        for name, value in zip(words[::2], words[1::2], strict=False)
        if name
    }


def startup(settings: dict[str, str], version: int = 196_608) -> bytes:
    """A startup message; version 3.0 unless another is asked for."""
    words = [word.encode(errors="surrogateescape") + b"\0" for pair in settings.items() for word in pair]
    return message(b"", version.to_bytes(4) + b"".join(words) + b"\0")


def with_options(asked: bytes, settings: tuple[str, ...]) -> bytes:
    """The startup message with settings put before those the client asks for, which so win."""
    given = parameters(asked)
    options = " ".join(f"-c {setting}" for setting in settings)
    given["options"] = f"{options} {given.get('options', '')}".rstrip()
    return startup(given, code_of(asked))


def split(data: bytes | bytearray) -> Iterator[tuple[bytes, bytes]]:
    """The (kind, body) pairs of a server's complete messages."""
    start = 0
    while start + 5 <= len(data):
        kind, size = _HEADER.unpack_from(data, start)
        if start + 1 + size > len(data):
            return
        yield kind, bytes(data[start + 5 : start + 1 + size])
        start += 1 + size


def field(body: bytes, code: bytes) -> str:
    """A field of an ErrorResponse or NoticeResponse; "" if it is not there."""
    for text in body.split(b"\0"):
        if text[:1] == code:
            return text[1:].decode(errors="replace")
    return ""
