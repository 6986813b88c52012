"""One end of a socket pair for libpq, and a simulated connection behind the other."""

from __future__ import annotations

import _socket
import asyncio
import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import below
from perfkit.sim.connections import wake

if TYPE_CHECKING:
    from perfkit.sim.addresses import Address
    from perfkit.sim.loop import VirtualLoop

READ, WRITE = 1, 2
"""The bits of psycopg's Wait and Ready."""

_RECEIVE_BYTES = 262_144


class Channel(asyncio.Protocol):
    """A simulated connection behind one socket of libpq."""

    def __init__(self, loop: VirtualLoop, descriptor: int) -> None:
        self._loop = loop
        self._descriptor = descriptor
        theirs, self._ours = _socket.socketpair()
        theirs.settimeout(0)
        self._ours.settimeout(0)
        os.dup2(theirs.fileno(), descriptor, inheritable=False)
        theirs.close()
        self._arrived = bytearray()
        self._paused = self._lost = self._closed = False
        self._transport: Any = None
        self._connecting: asyncio.Task[Any] | None = None
        self._failure: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def connect(self, address: Address) -> None:
        """Begin to connect; ``ready`` raises OSError once that has failed."""
        opening = self._loop.create_connection(lambda: self, *address)
        self._connecting = self._loop.create_task(opening, context=below())
        self._connecting.add_done_callback(self._connected, context=below())

    def _connected(self, connecting: asyncio.Task[Any]) -> None:
        self._failure = None if connecting.cancelled() else connecting.exception()
        self._wake()

    # From the simulated connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server has accepted."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes of the server have arrived."""
        self._arrived += data
        self._push()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has hung up, or we have."""
        self._lost = True
        self._push()
        self._wake()

    def pause_writing(self) -> None:
        """The link is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The link has room again."""
        self._paused = False
        self.pull()
        self._wake()

    def _push(self) -> None:
        """Let libpq's socket have what has arrived, as far as it takes it."""
        try:
            while self._arrived and not self._closed:
                del self._arrived[: self._ours.send(self._arrived)]
        except BlockingIOError:
            return
        except OSError:
            self._arrived.clear()
        if self._lost:
            self._close()

    def _wake(self) -> None:
        if self._waiter is not None:
            wake(self._waiter)

    # From libpq

    def pull(self) -> None:
        """Send what libpq has written; hang up if it has closed its socket."""
        while self._transport is not None and not self._paused and not self._closed:
            try:
                data = self._ours.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._close()
                self._transport.close()
                return
            self._transport.write(data)

    def ready(self, wanted: int) -> int:
        """What of READ and WRITE libpq need not wait for."""
        if self._transport is None:
            if self._failure is not None:
                raise self._failure
            return 0
        self.pull()
        self._push()
        readable = self._closed or _unread_bytes(self._descriptor) > 0
        return wanted & (READ * readable | WRITE * (not self._paused))

    def news(self, timeout_ns: int | None) -> asyncio.Future[None]:
        """Done when something has arrived, there is room to send, or the time is up."""
        self._waiter = waiter = self._loop.create_future()
        if timeout_ns is not None:
            timer = self._loop.call_later(timeout_ns / 1e9, self._wake, context=below())
            waiter.add_done_callback(lambda _: timer.cancel())
        return waiter

    def _close(self) -> None:
        self._closed = True
        self._ours.close()

    def hang_up(self) -> None:
        """Send what libpq has written last, and close the simulated connection and our end of the pair."""
        self.pull()
        if self._closed:
            return
        self._close()
        if self._transport is not None:
            self._transport.abort()
        elif self._connecting is not None:
            self._connecting.cancel()


def _unread_bytes(descriptor: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0])
