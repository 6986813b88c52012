"""One connection of the service: requests out, answers in, one after another. The same on every event loop.

A client may send its next requests before it has its answer (pipelining): they wait here.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol, cast

from perfkit.sim.transports import MemoryTransport
from perfkit.worlds.service.parsing import MAX_BODY_BYTES, BadMessageError, Message, Parser

_ENOUGH_BYTES = 2**20
"""Above this, what waits for the answer before it is left in the kernel."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_0 = struct.pack("ii", 1, 0)


class Service(Protocol):
    """What a connection needs of its service."""

    def joined(self, connection: Connection) -> None:
        """It has been opened."""

    def left(self, connection: Connection) -> None:
        """It has ended."""

    def receive(self, connection: Connection, message: Message) -> None:
        """A request has arrived, to be ended with ``answer``, ``cut`` or nothing (then it hangs)."""

    def not_understood(self, error: BadMessageError) -> bytes:
        """The whole answer to what is no request."""


class Connection(asyncio.Protocol):
    """Reads requests and writes answers. ``fresh`` until its first request has arrived."""

    _transport: asyncio.Transport

    def __init__(self, service: Service, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.fresh = True
        self._service = service
        self._parser = Parser(max_body_bytes)
        self._busy = self._keep_alive = False
        self._serving = False
        self._ended = False  # nothing is read any more
        self._gone = False
        self._full = False
        self._client: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)
        self._service.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop, also when the client closes only its half: who asks and leaves gets nothing.

        What is being served goes on all the same; most servers notice when they answer.
        """
        self._gone = self._ended = True
        self._service.left(self)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._ended:
            return
        self._parser.feed(data)
        if not self._busy:
            self._serve()
        elif self._parser.waiting_bytes > _ENOUGH_BYTES:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Called by the loop: the client does not read. Its next request waits until it does."""
        self._full = True

    def resume_writing(self) -> None:
        """Called by the loop."""
        self._full = False
        if not self._busy:
            self._serve()

    def _serve(self) -> None:
        if self._serving:  # an answer given at once: the loop below goes on with the next request
            return
        self._serving = True
        try:
            while not (self._busy or self._full or self._ended) and self._next():
                pass
        finally:
            self._serving = False

    def _next(self) -> bool:
        try:
            message = self._parser.next()
        except BadMessageError as error:
            self._reject(error)
            return False
        if message is None:
            if self._parser.wants_continue:
                self._parser.wants_continue = False
                self._transport.write(_CONTINUE)
            return False
        self._busy, self._keep_alive = True, message.keep_alive
        self._service.receive(self, message)
        self.fresh = False
        return True

    def _reject(self, error: BadMessageError) -> None:
        self._ended = True
        self._transport.write(self._service.not_understood(error))
        # Closing while the client still sends would reset the connection and lose the answer.
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()

    @property
    def client(self) -> str:
        """The address of who is at the other end, without the port; "" if that is not known."""
        if self._client is None:
            address = self._transport.get_extra_info("peername")
            self._client = str(address[0]) if isinstance(address, (tuple, list)) else ""
        return self._client

    @property
    def gone(self) -> bool:
        """Whether nobody is there to be answered."""
        return self._gone

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to use it after the request being served."""
        return self._keep_alive

    def answer(self, head: bytes, body: bytes) -> None:
        """Send the answer, and go on with the next request."""
        if self._gone:
            return
        self._transport.write(head + body)
        self._busy = False
        if not self._keep_alive:
            self._ended = True
            self._transport.close()
            return
        self._transport.resume_reading()
        self._serve()

    def cut(self, head: bytes, body: bytes) -> None:
        """Send a part of the answer and reset the connection."""
        if self._gone:
            return
        self._transport.write(part_of(head, body))
        self.reset()

    def reset(self) -> None:
        """Reset the connection, as if the server had been killed."""
        if not self._gone:
            self._ended = True
            reset(self._transport)

    def abort(self) -> None:
        """End it at once."""
        self._ended = True
        self._transport.abort()


def part_of(head: bytes, body: bytes) -> bytes:
    """As much of an answer as is sent before it is cut off."""
    return head + body[: len(body) // 2] if body else head[: len(head) // 2]


def reset(transport: asyncio.Transport) -> None:
    """Reset a connection of any event loop: what is not sent yet is lost, and the other end gets an error."""
    if isinstance(transport, MemoryTransport):
        transport.reset("the service has cut its answer off, as it was told to")
        return
    # Without lingering the kernel says that it was no orderly end.
    taken = transport.get_extra_info("socket")
    if taken is not None:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    transport.abort()
