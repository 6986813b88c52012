"""The kernel's side of blocking sockets: what has arrived on a connection, and who waits for more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import below
from perfkit.sim.connections import wake

if TYPE_CHECKING:
    from perfkit.sim.loop import VirtualLoop

RECEIVE_BUFFER_BYTES = 131_072
"""What is taken from the wire ahead of ``recv``: Linux' default of net.ipv4.tcp_rmem. The rest waits."""


class Connection(asyncio.Protocol):
    """The kernel's part of one connection: what has arrived, and who waits for more."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.data = bytearray()
        self.ended = self.lost = self.full = False
        self.error: BaseException | None = None
        self.waiting: list[asyncio.Future[None]] = []
        self.transport: Any = None

    @property
    def readable(self) -> bool:
        """Whether ``recv`` would return, or raise, at once."""
        return bool(self.data) or self.ended or self.over

    @property
    def over(self) -> bool:
        """Whether the whole simulation is, and this connection with it."""
        return self.loop.is_closed()

    @property
    def writable(self) -> bool:
        """Whether ``send`` would."""
        return not self.full or self.lost or self.over

    def connection_made(self, transport: Any) -> None:
        """The peer has answered."""
        self.transport = transport
        transport.set_write_buffer_limits(high=0)  # the kernel's own buffer is behind it

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        self.data += data
        if len(self.data) >= RECEIVE_BUFFER_BYTES:
            self.transport.pause_reading()
        self._tell()

    def take(self, size: int) -> bytes:
        """At most ``size`` of the bytes that have arrived."""
        full = len(self.data) >= RECEIVE_BUFFER_BYTES
        taken = bytes(self.data[:size])
        del self.data[:size]
        if full and len(self.data) < RECEIVE_BUFFER_BYTES:
            self.transport.resume_reading()
        return taken

    def eof_received(self) -> bool:
        """The peer sends no more; it may still be sent to."""
        self.ended = True
        self._tell()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing more will arrive, or be sent."""
        self.ended = self.lost = True
        self.error = exc
        self._tell()

    def pause_writing(self) -> None:
        """The kernel's buffer is full."""
        self.full = True

    def resume_writing(self) -> None:
        """It has taken everything."""
        self.full = False
        self._tell()

    def _tell(self) -> None:
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            wake(future)


def wait_for(loop: VirtualLoop, connections: list[Connection], timeout_s: float | None) -> bool:
    """Block until something happens to one of the connections; False if the time was up before."""
    changed: asyncio.Future[None] = loop.create_future()
    for connection in connections:
        connection.waiting.append(changed)
    return block(loop, changed, timeout_s)


def block(loop: VirtualLoop, future: asyncio.Future[Any], timeout_s: float | None) -> bool:
    """Block until ``future`` is done; False, and it is cancelled, if the time was up before."""
    if timeout_s is None:
        loop.block_until(future)
        return True
    timer = loop.call_later(timeout_s, future.cancel, context=below())
    try:
        loop.block_until(future)
    finally:
        timer.cancel()
    return not future.cancelled()
