"""Connections in memory: two transports, and a wire in each direction that takes time.

    write -> [write buffer] -> [kernel send buffer -> wire] -> peer's kernel -> data_received

Bytes wait in the write buffer only while the kernel is full; its size is what ``pause_writing`` looks at.
Data reaches the peer in order, at the moment its last byte has crossed the wire.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from perfkit.sim.sockets import MemoryServer
    from perfkit.sim.timers import TimerLoop
    from perfkit.sim.wires import Wire

SEND_BUFFER_BYTES = 212_992
"""What the kernel takes ahead of the wire: Linux' net.core.wmem_default."""

WINDOW_BYTES = 6_291_456
"""What may be under way or unread at the peer: the most that Linux' net.ipv4.tcp_rmem grants."""

CHUNK_BYTES = 65_536
"""The most that one ``data_received`` gets."""

_EOF = b""

# A protocol that fails in one of these loses its connection, as on a real loop.
_READING = frozenset({"data_received", "eof_received", "get_buffer", "buffer_updated"})


class MemoryTransport(asyncio.Transport):
    """One end of a connection. ``context`` is the one that its protocol's callbacks run in."""

    _peer: MemoryTransport
    _protocol: Any
    on_lost: Callable[[MemoryTransport], None]
    tls_rtts: int

    def __init__(
        self,
        loop: TimerLoop,
        context: Context,
        wire: Wire,
        extra: dict[str, Any],
        server: MemoryServer | None,
    ) -> None:
        super().__init__(extra)
        self._loop, self._context, self._wire, self._server = loop, context, wire, server
        self._protocol = None
        self._buffer = bytearray()
        self._pump_due = False
        self._sent_bytes = self._read_bytes = 0
        self._unread: deque[bytes] = deque()
        self._reading = True
        self._eof_written = self._eof_sent = self._closing = self._lost = False
        self._writing_paused = self._secure = False
        self.set_write_buffer_limits()

    def __repr__(self) -> str:
        state = "closed" if self._lost else "closing" if self._closing else "open"
        return f"<MemoryTransport {self._extra['sockname']} -> {self._extra['peername']} {state}>"  # type: ignore[attr-defined]

    def start(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the connection to its protocol; call it in the transport's context."""
        self._protocol = protocol
        if self._server is not None:
            self._server.attach(self)
        protocol.connection_made(self)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol that gets the data."""
        return self._protocol  # type: ignore[no-any-return]

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol have the data from now on."""
        self._protocol = protocol

    def secured(self, extra: dict[str, Any]) -> None:
        """TLS is in place; ``extra`` is what it adds to ``get_extra_info``."""
        self._secure = True
        self._extra.update(extra)  # type: ignore[attr-defined]

    def take_back(self, data: bytes) -> None:
        """Keep data that a protocol has got too early for the one after it."""
        self._read_bytes -= len(data)
        self._unread.appendleft(data)

    def hand_over(self, protocol: asyncio.BaseProtocol) -> None:
        """Begin anew with another protocol; call it in the transport's context."""
        self._protocol = protocol
        self._tell("connection_made", self)
        self.resume_reading()

    # Writing

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes; they are copied if they could change."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"data: expected bytes, bytearray or memoryview, got {type(data).__name__}")
        if self._eof_written and not self._closing:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._closing or not data:
            return
        if not self._buffer and len(data) <= min(CHUNK_BYTES, self._room()):
            self._put(bytes(data))
        else:
            self._buffer += data
            self._pump()
            self._check_writing()

    def writelines(self, list_of_data: Any) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def _room(self) -> int:
        window = WINDOW_BYTES - (self._sent_bytes - self._peer._read_bytes)
        return min(window, SEND_BUFFER_BYTES - self._wire.waiting_bytes(self._loop.now_ns))

    def tell_peer(self, when_ns: int, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Call back at the peer's end at this moment, or after an outage."""
        outage = self._wire.outage
        if outage is None:
            self._loop.at_ns(when_ns, self._told, (callback, args), self._peer._context)
        else:
            outage.keep_sent(0, self._told, (callback, args))

    def _told(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        outage = self._wire.outage
        if outage is None:
            callback(*args)
        else:
            outage.keep_arriving(0, self._told, (callback, args))

    def signal(self, data: bytes) -> None:
        """Send what the simulation has to say to itself: it takes no bandwidth, but its turn."""
        if self._buffer:
            self.write(data)
        else:
            self._put(data, 0)

    def _put(self, data: bytes, size: int | None = None) -> None:
        loop, peer, wire = self._loop, self._peer, self._wire
        self._sent_bytes += len(data)
        if size is None:
            size = len(data)
        if wire.outage is None:
            loop.at_ns(wire.put(loop.now_ns, size), peer._arrive, (data,), peer._context)
        else:
            wire.outage.keep_sent(size, peer._arrive, (data,))

    def _pump(self) -> None:
        while self._buffer and (size := min(len(self._buffer), CHUNK_BYTES, self._room())) > 0:
            self._put(bytes(self._buffer[:size]))
            del self._buffer[:size]
        if self._buffer:
            self._pump_when_drained()
        elif self._closing:
            self._finish(None)
        elif self._eof_written:
            self._send_eof()

    def _send_eof(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self._put(_EOF)

    def _pump_when_drained(self) -> None:
        # A peer that does not read leaves this to _make_room_known, and an outage to its end.
        if self._pump_due or self._wire.outage is not None or not self._wire.waiting_bytes(self._loop.now_ns):
            return
        self._pump_due = True
        enough = SEND_BUFFER_BYTES - min(len(self._buffer), CHUNK_BYTES)
        when_ns = max(self._wire.drained_ns(enough), self._loop.now_ns + 1)
        self._loop.at_ns(when_ns, self._pump_again, (), self._context)

    def _pump_again(self) -> None:
        self._pump_due = False
        if self._buffer:
            self._pump()
            self._check_writing()

    def _make_room_known(self) -> None:
        # The peer has read: the news takes half a round trip, as an acknowledgement does.
        if self._buffer and not self._pump_due:
            self._pump_due = True
            when_ns = self._loop.now_ns + self._peer._wire.latency_ns
            self._loop.at_ns(when_ns, self._pump_again, (), self._context)

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._buffer)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The (low, high) marks in bytes."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Pause the protocol's writing above ``high`` bytes (64 KiB), resume it at ``low`` (a quarter)."""
        if high is None:
            high = 65_536 if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._low, self._high = low, high
        self._check_writing()

    def _check_writing(self) -> None:
        size = len(self._buffer)
        if size > self._high and not self._writing_paused:
            self._writing_paused = True
            self._tell("pause_writing")
        elif size <= self._low and self._writing_paused and not self._lost:
            self._writing_paused = False
            self._tell("resume_writing")

    def _tell(self, method: str, *arguments: Any) -> Any:
        try:
            return getattr(self._protocol, method)(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._loop.call_exception_handler(
                {
                    "message": f"protocol.{method}() failed",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
            if method in _READING:
                self._drop(error)

    # Reading

    def _arrive(self, data: bytes) -> None:
        outage = self._peer._wire.outage
        if outage is not None:
            outage.keep_arriving(len(data), self._arrive, (data,))
        elif self._closing:
            self._refuse(data)
        elif self._unread or not self._reading:
            self._unread.append(data)
        else:
            self._hand_over(data)

    def _refuse(self, data: bytes) -> None:
        self._read_bytes += len(data)
        if self._lost and data and not self._peer._closing:
            self._reset_peer()
        else:
            self._peer._make_room_known()

    def _hand_over(self, data: bytes) -> None:
        if not data:
            if not self._tell("eof_received") or self._secure:
                self.close()
            return
        self._read_bytes += len(data)
        if self._peer._buffer:
            self._peer._make_room_known()
        self.give(data)

    def give(self, data: bytes) -> None:
        """Let the protocol have data that has arrived."""
        if isinstance(self._protocol, asyncio.BufferedProtocol):
            self._tell_buffered(data)
        else:
            self._tell("data_received", data)

    def _tell_buffered(self, data: bytes) -> None:
        while data and not self._closing:
            buffer = self._tell("get_buffer", len(data))
            if buffer is None:
                return
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            self._tell("buffer_updated", size)
            data = data[size:]

    def is_reading(self) -> bool:
        """Whether the protocol gets data."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Keep data back until ``resume_reading``."""
        self._reading = False

    def resume_reading(self) -> None:
        """Hand over what was kept back, from the next turn of the loop on."""
        if not self._reading:
            self._reading = True
            if self._unread:
                self._loop.call_soon(self._catch_up, context=self._context)

    def _catch_up(self) -> None:
        while self._unread and self._reading and not self._closing:
            self._hand_over(self._unread.popleft())

    # Ending

    def can_write_eof(self) -> bool:
        """Yes, but for TLS."""
        return not self._secure

    def write_eof(self) -> None:
        """Close this direction after its data; the other stays open. TLS has no such thing."""
        if self._secure:
            raise NotImplementedError("a TLS connection cannot be closed in one direction only")
        if self._closing or self._eof_written:
            return
        self._eof_written = True
        if not self._buffer:
            self._send_eof()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def close(self) -> None:
        """Send what is buffered, then the end of the stream; nothing more is received."""
        if self._closing:
            return
        self._closing = True
        if not self._buffer:
            self._finish(None)

    def abort(self) -> None:
        """Close at once and drop what the kernel has not taken yet."""
        self._drop(None)

    def reset(self, reason: str) -> None:
        """End the connection here and now; the peer gets ``ConnectionResetError`` when the news arrives."""
        if self._lost:
            return
        self._closing = self._eof_sent = True
        self._buffer.clear()
        self._reset_peer(reason)
        self._loop.call_soon(self._lose, _reset_error(reason), context=self._context)

    def refuse(self) -> None:
        """End a connection that no protocol was made for; the peer gets ``ConnectionResetError``."""
        self._closing = self._lost = True
        self._reset_peer()

    def _reset_peer(self, reason: str = "") -> None:
        self.tell_peer(self._loop.now_ns + self._wire.latency_ns, self._peer._reset, (reason,))

    def _reset(self, reason: str) -> None:
        self._drop(_reset_error(reason))

    def _force_close(self, error: BaseException | None) -> None:
        """What ``asyncio.sslproto`` calls when TLS fails."""
        self._drop(error)

    def _drop(self, error: BaseException | None) -> None:
        if self._closing and not self._buffer:
            return
        self._closing = True
        self._buffer.clear()
        self._finish(error)

    def _finish(self, error: BaseException | None) -> None:
        self._send_eof()
        self._loop.call_soon(self._lose, error, context=self._context)

    def _lose(self, error: BaseException | None) -> None:
        if self._lost:
            return
        self._lost = True
        self._unread.clear()
        if self._server is not None:
            self._server.detach(self)
        self.on_lost(self)
        if self._protocol is not None:  # the server's end may go before it was accepted
            self._tell("connection_lost", error)


def _reset_error(reason: str) -> ConnectionResetError:
    text = os.strerror(errno.ECONNRESET)
    return ConnectionResetError(errno.ECONNRESET, f"{text}: {reason}" if reason else text)
