"""The two connections that make one: from the client to the proxy, and from the proxy to the service."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from perfkit.worlds.link.way import Mark, Way

if TYPE_CHECKING:
    from perfkit.worlds.link.faults import Fault, Kind
    from perfkit.worlds.link.proxy import LinkProxy

CONNECT_TIMEOUT_S = 10.0

BUFFER_BYTES = 256 * 1024
"""What is read at once, at most."""

_LINGER_FOR_0_S = struct.pack("ii", 1, 0)
"""With this option the kernel resets a connection instead of closing it."""


class Pair:
    """One connection of a link, and what is to go wrong with it."""

    def __init__(self, proxy: LinkProxy) -> None:
        self._proxy = proxy
        self.number = proxy._add(self)
        self.near, self.far = _End(self, proxy._buffer), _End(self, proxy._buffer)
        self._seen_bytes = 0
        self._swallowed = self._slow = False
        self._reaching: asyncio.Task[None] | None = None
        self._faults: dict[Kind, Fault] = {
            fault.kind: fault for fault in proxy.faults if fault.hits(proxy.seed, self.number)
        }

    def open(self) -> None:
        """The client is connected: reach for the service."""
        proxy, loop = self._proxy, asyncio.get_running_loop()
        now_s, trip_s = loop.time(), proxy.link.rtt_ns / 1e9
        # A handshake takes a round trip; a server sees its client when the last packet of it has arrived.
        for end, other, opens_s, name in (
            (self.near, self.far, now_s + trip_s, "up"),
            (self.far, self.near, now_s + 1.5 * trip_s, "down"),
        ):
            end.out = Way(loop, lambda: proxy.link, opens_s, proxy.seed, f"link/{self.number}/{name}")
            other.into = end.out
        self.hold()
        self._attach(self.near)
        if proxy.stopping:
            self.break_off()
        elif proxy.refusing or "refuse" in self._faults:
            proxy.counters.refused += 1
            self.break_off()
        else:
            self._reaching = loop.create_task(self._reach())

    async def _reach(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect(loop)
        except OSError:  # TimeoutError is one
            self._proxy.counters.unreachable += 1
            self._reaching = None
            self.break_off()
        else:
            self._attach(self.far)

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> None:
        target = self._proxy.target
        if isinstance(target, str):
            await loop.create_unix_connection(lambda: self.far, target)
        else:
            await loop.create_connection(lambda: self.far, *target)

    def _attach(self, end: _End) -> None:
        end.out.leave(end)
        end.into.reach(end)

    def arrived(self, end: _End, data: bytes) -> None:
        """Bytes from one end: on to the other, if nothing is to go wrong with them."""
        if not self._faults:
            end.out.put(data)
            return
        self._seen_bytes += len(data)
        if self._goes_wrong("reset"):
            self.reset()
            return
        if self._goes_wrong("blackhole") and not self._swallowed:
            self._swallowed = True
            self._proxy.counters.blackholed += 1
            self.hold()
        end.out.put(data)

    def _goes_wrong(self, kind: Kind) -> bool:
        fault = self._faults.get(kind)
        return fault is not None and self._seen_bytes > fault.after_bytes

    def ended(self, end: _End) -> None:
        """One end will send no more."""
        slow = self._faults.get("slow_close")
        if slow is not None:
            self._proxy.counters.slow_closed += not self._slow
            self._slow = True
            end.out.close_s = slow.close_ns / 1e9
        end.out.end(Mark.END)

    def lost(self, end: _End) -> None:
        """One end is gone: the other is told, unless it knows or is gone too."""
        other = self.far if end is self.near else self.near
        if other.transport is None or other.lost:
            self.break_off()
            self._proxy._remove(self)
        elif not end.ended or not end.finished:
            end.out.end(Mark.RESET)

    def hold(self) -> None:
        """Hold or release what is under way, as the link and this connection's faults want it."""
        for end in (self.near, self.far):
            end.out.hold(self._proxy.held or self._swallowed)

    def reset(self) -> None:
        """Reset both ends, as a fault of the link."""
        self._proxy.counters.reset += 1
        self.break_off()

    def break_off(self) -> None:
        """Reset both ends, once the client's is there."""
        if self.near.transport is None:
            return
        if self._reaching is not None:
            self._reaching.cancel()
        for end in (self.near, self.far):
            end.out.close()
            end.reset()


class _End(asyncio.BufferedProtocol):
    """The proxy's side of one of the two; ``out`` leads from its peer to the other end, ``into`` back.

    ``ended``: its peer sends no more. ``finished``: its peer was told that no more will come. All ends share
    one ``buffer``, whose content is copied before the next one reads: for an asyncio.Protocol, memory for
    256 KiB is had from the system and given back at every read, which takes longer than all the rest.
    """

    out: Way
    into: Way

    def __init__(self, pair: Pair, buffer: memoryview) -> None:
        self._pair, self._buffer = pair, buffer
        self.transport: Any = None
        self.ended = self.finished = self.lost = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        if self is self._pair.near:
            self._pair.open()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._pair.arrived(self, bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        self.ended = True
        self._pair.ended(self)
        return not self.finished  # the other direction goes on

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if isinstance(exc, ConnectionError):
            self._read_last()
        self._pair.lost(self)

    def pause_writing(self) -> None:
        self.into.block(True)

    def resume_writing(self) -> None:
        self.into.block(False)

    def _read_last(self) -> None:
        """What its peer sent before it went: a write that failed may have told us of that first."""
        with suppress(OSError):
            descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
            with socket.socket(fileno=descriptor) as last:
                last.setblocking(False)
                while data := last.recv(BUFFER_BYTES):
                    self._pair.arrived(self, data)

    # What the ways call

    def pause(self) -> None:
        self.transport.pause_reading()

    def resume(self) -> None:
        self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def finish(self) -> None:
        self.finished = True
        if self.ended:
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write_eof()

    def reset(self) -> None:
        """Close it so that its peer sees a reset (RST; a Unix socket: a close), whatever is under way."""
        if self.transport is None or self.lost:
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_0_S)
        self.transport.abort()
