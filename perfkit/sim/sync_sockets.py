"""Blocking sockets on the simulated network: what ``socket.socket`` makes while a simulation runs.

Client side only: a socket that is to listen belongs to asyncio's ``create_server``.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakValueDictionary

from perfkit.sim.blocking import below, current_loop
from perfkit.sim.sync_connections import Connection, block, wait_for
from perfkit.sim.unsupported import refuse

if TYPE_CHECKING:
    from perfkit.sim.loop import VirtualLoop

RealSocket = socket.socket
"""The class itself, for whoever needs a real connection during a simulation."""

by_descriptor: WeakValueDictionary[int, SimulatedSocket] = WeakValueDictionary()
"""Open simulated sockets by the descriptor they showed: what ``select`` and ``poll`` are told."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)


class _LooksReal(type):
    def __instancecheck__(cls, instance: object) -> bool:
        # to programs it is the class of all sockets, also of real ones
        return isinstance(instance, RealSocket) and (
            cls is SimulatedSocket or type.__instancecheck__(cls, instance)
        )


class SimulatedSocket(RealSocket, metaclass=_LooksReal):
    """A TCP socket of the simulation; asked for another kind, or for one that exists, it gives a real one.

    Its descriptor is a real one and never readable, whatever the system's own calls are asked about it;
    Python's ``select`` and ``poll`` tell the truth. Options are taken and ignored.
    """

    def __new__(
        cls,
        family: int = -1,
        type: int = -1,  # noqa: A002
        proto: int = -1,
        fileno: int | None = None,
    ) -> Any:
        """A simulated socket, or a real one where none is meant."""
        kind = socket.SOCK_STREAM if type == -1 else type & 0xF
        simulated = fileno is None and family in (-1, *_INTERNET) and kind == socket.SOCK_STREAM
        if not simulated or current_loop() is None:
            return RealSocket(family, type, proto, fileno)
        return super().__new__(cls)

    def __init__(
        self,
        family: int = -1,
        type: int = -1,  # noqa: A002
        proto: int = -1,
        fileno: int | None = None,
    ) -> None:
        # never the base class's: that would open a descriptor for each connection
        self._family = socket.AF_INET if family == -1 else socket.AddressFamily(family)
        self._timeout = socket.getdefaulttimeout()
        self._connection: Connection | None = None
        self._descriptor = -1
        self._io_refs = 0
        self._closed = False
        self._bound: Any = ("0.0.0.0", 0)  # noqa: S104 (not a real interface)

    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    @property
    def family(self) -> Any:
        """AF_INET or AF_INET6, as asked for."""
        return self._family

    def __repr__(self) -> str:
        transport = self._connection.transport if self._connection else None
        peer = f" peer={transport.get_extra_info('peername')}" if transport else ""
        return f"<simulated socket{' [closed]' if self._closed else ''}{peer}>"

    # Connecting

    def connect(self, address: Any) -> None:
        """Reach an address; takes what the link says, or raises TimeoutError when the timeout is shorter."""
        self._check_open()
        if self._connection is not None:
            raise OSError(errno.EISCONN, os.strerror(errno.EISCONN))
        if self._timeout == 0:
            refuse("connecting a socket that does not block", "give it a timeout, or use asyncio's streams")
        loop = self._loop()
        task = loop.create_task(
            loop.create_connection(lambda: Connection(loop), *address[:2]), context=below()
        )
        try:
            if not block(loop, task, self._timeout):
                raise TimeoutError("timed out")
        finally:
            if not task.done():
                task.cancel()
        self._connection = task.result()[1]

    def connect_ex(self, address: Any) -> int:
        """The same, with the error's number as the result."""
        try:
            self.connect(address)
        except TimeoutError:
            return errno.EAGAIN
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def bind(self, address: Any) -> None:
        """Remember an address, with a free port for 0: for ``create_server(sock=...)``."""
        host, port = address[:2]
        self._bound = (host, port or self._loop()._book.free_port(host), *address[2:])

    def listen(self, _backlog: int = 0) -> None:
        """Left to ``create_server(sock=...)``."""

    def accept(self) -> NoReturn:
        """Not simulated."""
        refuse("accept() of a blocking socket", "serve with asyncio: loop.create_server() or aiohttp.web")

    # Receiving

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Up to ``size`` bytes; b"" at the end of the stream."""
        connection = self._readable()
        if flags & socket.MSG_PEEK:
            return bytes(connection.data[:size])
        return connection.take(size)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """The same, into a buffer; the number of bytes."""
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def recvfrom(self, size: int, flags: int = 0) -> Any:
        """As ``recv``; a stream does not say from where."""
        return self.recv(size, flags), None

    def _readable(self) -> Connection:
        connection = self._connected()
        while not (connection.data or connection.ended):
            self._wait(connection)
        if not connection.data and connection.error is not None:
            raise connection.error
        return connection

    # Sending

    def send(self, data: Any, _flags: int = 0) -> int:
        """Hand all bytes to the kernel, which may have to wait for room; their number."""
        connection = self._connected()
        if self._timeout == 0 and not connection.writable:
            self._wait(connection)
        if connection.lost:
            raise connection.error or BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        size = memoryview(data).nbytes
        connection.transport.write(bytes(data))
        while self._timeout != 0 and not connection.writable:
            self._wait(connection)
        return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        """The same."""
        self.send(data, flags)

    def sendmsg(self, buffers: Any, _ancillary: Any = (), flags: int = 0, _address: Any = None) -> int:
        """Several pieces as one."""
        return self.send(b"".join(buffers), flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """Send what ``file`` holds."""
        if offset:
            file.seek(offset)
        return self.send(file.read() if count is None else file.read(count))

    # Ending

    def shutdown(self, how: int) -> None:
        """End one direction or both."""
        connection = self._connected()
        if how != socket.SHUT_RD:
            connection.transport.write_eof()
        if how != socket.SHUT_WR:
            connection.eof_received()

    def _real_close(self, _ss: Any = None) -> None:
        if self._connection is not None and not self._connection.over:
            self._connection.transport.close()
            self._connection.data.clear()
        self._forget_descriptor()

    def detach(self) -> int:
        """Not simulated: the descriptor by itself is no connection."""
        refuse("detach() of a socket")

    def dup(self) -> NoReturn:
        """Not simulated."""
        refuse("dup() of a socket")

    def __del__(self) -> None:
        self._forget_descriptor()

    # What it shows

    def fileno(self) -> int:
        """A descriptor of its own; -1 once it is closed."""
        if self._descriptor == -1 and not self._closed:
            self._descriptor = os.dup(self._loop()._descriptor.fileno())
            by_descriptor[self._descriptor] = self
        return self._descriptor

    def _forget_descriptor(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor != -1:
            by_descriptor.pop(descriptor, None)
            os.close(descriptor)

    def getpeername(self) -> Any:
        """The server's address."""
        return self._connected().transport.get_extra_info("peername")

    def getsockname(self) -> Any:
        """This end's address."""
        return self._connection.transport.get_extra_info("sockname") if self._connection else self._bound

    def setsockopt(self, *_arguments: object) -> None:
        """Accepted and ignored: the network is settled by its links."""

    def getsockopt(self, _level: int, option: int, _size: int = 0) -> Any:
        """SO_TYPE as it is; every other option reads 0."""
        return int(socket.SOCK_STREAM) if option == socket.SO_TYPE else 0

    # Timeouts

    def settimeout(self, value: float | None) -> None:
        """Seconds that a call may take; None for ever, 0 not at all."""
        if value is not None and value < 0:
            raise ValueError("Timeout value out of range")
        self._timeout = None if value is None else float(value)

    def gettimeout(self) -> float | None:
        """What ``settimeout`` set."""
        return self._timeout

    @property
    def timeout(self) -> float | None:
        """The same."""
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        """No timeout, or one of 0."""
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        """Whether calls wait at all."""
        return self._timeout != 0

    def _wait(self, connection: Connection) -> None:
        if self._timeout == 0:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        if not wait_for(self._loop(), [connection], self._timeout):
            raise TimeoutError("timed out")
        self._check_open()

    def _connected(self) -> Connection:
        self._check_open()
        if self._connection is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        if self._connection.over:
            raise ConnectionResetError(
                errno.ECONNRESET, "the simulation that this connection was in has ended"
            )
        return self._connection

    def _check_open(self) -> None:
        if self._closed and self._io_refs <= 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def _loop(self) -> VirtualLoop:
        loop = current_loop()
        if loop is None:
            raise OSError(errno.ENETDOWN, "no simulation is running in this thread")
        return loop


def close_descriptors() -> None:
    """Give back what sockets that nobody closed still hold: their simulation has ended."""
    for sock in list(by_descriptor.values()):
        sock._forget_descriptor()
