"""Connections in memory: two transports, and a wire in each direction that takes time.

    write -> [write buffer] -> [kernel send buffer -> wire] -> peer's kernel -> data_received

Bytes wait in the write buffer only while the kernel is full; its size is what ``pause_writing`` looks at.
Data reaches the peer in order, at the moment its last byte has crossed the wire.
"""

from __future__ import annotations

import asyncio
import errno
import math
from collections import deque
from typing import TYPE_CHECKING, Any

from perfkit.sim.sockets import SocketView

if TYPE_CHECKING:
    from contextvars import Context

    from perfkit.sim.addresses import Address
    from perfkit.sim.link import Link
    from perfkit.sim.sockets import MemoryServer, NeverReadable
    from perfkit.sim.timers import TimerLoop

SEND_BUFFER_BYTES = 212_992
"""What the kernel takes ahead of the wire: Linux' net.core.wmem_default."""

WINDOW_BYTES = 6_291_456
"""What may be under way or unread at the peer: the most that Linux' net.ipv4.tcp_rmem grants."""

CHUNK_BYTES = 65_536
"""The most that one ``data_received`` gets."""

_EOF = b""

# A protocol that fails in one of these loses its connection, as on a real loop.
_READING = frozenset({"data_received", "eof_received", "get_buffer", "buffer_updated"})


class Wire:
    """One direction of a connection: delay, rate, and when its last byte will have left."""

    __slots__ = ("_bandwidth", "_free_ns", "latency_ns")

    def __init__(self, latency_ns: int, bandwidth: float | None) -> None:
        self.latency_ns = latency_ns
        self._bandwidth = bandwidth
        self._free_ns = 0

    def put(self, now_ns: int, size: int) -> int:
        """Send ``size`` bytes behind what is under way; the moment at which the last of them arrives."""
        free_ns = max(now_ns, self._free_ns)
        if self._bandwidth is not None:
            free_ns += round(size * 1e9 / self._bandwidth)
        self._free_ns = free_ns
        return free_ns + self.latency_ns

    def waiting_bytes(self, now_ns: int) -> int:
        """Bytes in the kernel that have not left yet."""
        if self._bandwidth is None or self._free_ns <= now_ns:
            return 0
        return math.ceil((self._free_ns - now_ns) * self._bandwidth / 1e9)

    def drained_ns(self, to_bytes: int) -> int:
        """When no more than ``to_bytes`` will be waiting."""
        rate = self._bandwidth or math.inf
        return math.ceil(self._free_ns - to_bytes * 1e9 / rate)


class MemoryTransport(asyncio.Transport):
    """One end of a connection. ``context`` is the one that its protocol's callbacks run in."""

    _peer: MemoryTransport
    _protocol: Any

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
        self._writing_paused = False
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

    def _put(self, data: bytes) -> None:
        loop, peer = self._loop, self._peer
        self._sent_bytes += len(data)
        loop.at_ns(self._wire.put(loop.now_ns, len(data)), peer._arrive, (data,), peer._context)

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
        # A peer that does not read leaves this to _make_room_known.
        waiting = self._wire.waiting_bytes(self._loop.now_ns)
        if self._pump_due or waiting == 0:
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
        if self._closing:
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
            if not self._tell("eof_received"):
                self.close()
            return
        self._read_bytes += len(data)
        if self._peer._buffer:
            self._peer._make_room_known()
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
        """Yes."""
        return True

    def write_eof(self) -> None:
        """Close this direction after its data; the other stays open."""
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

    def refuse(self) -> None:
        """End a connection that no protocol was made for; the peer gets ``ConnectionResetError``."""
        self._closing = self._lost = True
        self._reset_peer()

    def _reset_peer(self) -> None:
        when_ns = self._loop.now_ns + self._wire.latency_ns
        self._loop.at_ns(when_ns, self._peer._reset, (), self._peer._context)

    def _reset(self) -> None:
        self._drop(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

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
        self._lost = True
        self._unread.clear()
        if self._server is not None:
            self._server.detach(self)
        self._tell("connection_lost", error)


def connect(
    loop: TimerLoop,
    link: Link,
    descriptor: NeverReadable,
    client: tuple[Address, Context],
    server: tuple[Address, Context, MemoryServer],
) -> tuple[MemoryTransport, MemoryTransport]:
    """The two ends of a new connection: the client's and the server's."""
    there_ns = link.rtt_ns // 2
    wires = (
        Wire(there_ns, link.bandwidth_bytes_per_s),
        Wire(link.rtt_ns - there_ns, link.bandwidth_bytes_per_s),
    )
    near = MemoryTransport(loop, client[1], wires[0], _extra(descriptor, client[0], server[0]), None)
    far = MemoryTransport(loop, server[1], wires[1], _extra(descriptor, server[0], client[0]), server[2])
    near._peer, far._peer = far, near
    return near, far


def _extra(descriptor: NeverReadable, own: Address, peer: Address) -> dict[str, Any]:
    return {"socket": SocketView(descriptor, own, peer), "sockname": own, "peername": peer}
