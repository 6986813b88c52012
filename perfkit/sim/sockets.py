"""Stand-ins for what the kernel holds: listeners, and the sockets that transports and servers show."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from ssl import SSLContext

    from perfkit.sim.addresses import Address, AddressBook
    from perfkit.sim.transports import MemoryTransport


class NeverReadable:
    """One real descriptor that is open, writable, and never has anything to read.

    Clients poll a socket's descriptor to see whether the peer has closed an idle connection; an invalid or a
    readable one would make them reconnect before every request.
    """

    def __init__(self) -> None:
        self._pair: tuple[socket.socket, socket.socket] | None = None

    def fileno(self) -> int:
        """The descriptor; opened at the first use."""
        if self._pair is None:
            self._pair = socket.socketpair()
        return self._pair[0].fileno()

    def close(self) -> None:
        """Close it, if it was ever opened."""
        for end in self._pair or ():
            end.close()
        self._pair = None


class SocketView:
    """What ``get_extra_info("socket")`` shows: addresses and options, but no data."""

    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, descriptor: NeverReadable, own: Address, peer: Address | None = None) -> None:
        self._descriptor = descriptor
        self._own, self._peer = own, peer
        self.family = socket.AF_INET6 if ":" in own[0] else socket.AF_INET

    def __repr__(self) -> str:
        return f"<simulated socket {self._own} peer={self._peer}>"

    def fileno(self) -> int:
        """A valid descriptor that is never readable."""
        return self._descriptor.fileno()

    def getsockname(self) -> Address:
        """This end's address."""
        return self._own

    def getpeername(self) -> Address:
        """The other end's address; ``OSError`` for a listening socket."""
        if self._peer is None:
            raise OSError("a listening socket has no peer")
        return self._peer

    def setsockopt(self, *_arguments: object) -> None:
        """Accepted and ignored: the network is settled by its links."""

    def getsockopt(self, *_arguments: object) -> int:
        """Every option reads 0, so ``SO_ERROR`` says that all is well."""
        return 0

    def gettimeout(self) -> float:
        """Sockets of transports do not block."""
        return 0.0

    def setblocking(self, _flag: bool) -> None:
        """Ignored, as options are."""


class Listener:
    """One address that accepts connections, and how a connection's server side is made.

    ``tls`` is a context and the seconds that a handshake may take (None: as asyncio has it).
    """

    def __init__(
        self,
        factory: Callable[[], asyncio.BaseProtocol],
        context: Context,
        server: MemoryServer,
        tls: tuple[SSLContext, float | None] | None = None,
    ) -> None:
        self.factory = factory
        self.context = context
        self.server = server
        self.tls = tls
        self.address: Address = ("", 0)

    @property
    def accepting(self) -> bool:
        """Whether its server has started and is not closed."""
        return self.server.is_serving()


class MemoryServer(asyncio.AbstractServer):
    """What ``create_server`` returns. ``wait_closed`` waits for open connections, as since Python 3.12."""

    def __init__(self, loop: asyncio.AbstractEventLoop, book: AddressBook, descriptor: NeverReadable) -> None:
        self._loop, self._book, self._descriptor = loop, book, descriptor
        self._listeners: list[Listener] = []
        self._serving = self._closed = False
        self._clients: dict[MemoryTransport, None] = {}
        self._gone = asyncio.Event()
        self._forever: asyncio.Future[None] | None = None

    def add(self, listener: Listener, address: str, port: int) -> None:
        """Bind one listener; raises ``OSError`` when the port is in use."""
        listener.address = self._book.bind(listener, address, port)
        self._listeners.append(listener)

    def attach(self, transport: MemoryTransport) -> None:
        """A connection was accepted."""
        self._clients[transport] = None

    def detach(self, transport: MemoryTransport) -> None:
        """A connection has ended."""
        self._clients.pop(transport, None)
        self._check_gone()

    def _check_gone(self) -> None:
        if self._closed and not self._clients:
            self._gone.set()

    @property
    def sockets(self) -> tuple[SocketView, ...]:
        """A stand-in per listening address; none after ``close``."""
        if self._closed:
            return ()
        return tuple(SocketView(self._descriptor, listener.address) for listener in self._listeners)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop it runs in."""
        return self._loop

    def is_serving(self) -> bool:
        """Whether it accepts connections."""
        return self._serving

    def close(self) -> None:
        """Stop listening. Connections stay open."""
        if self._closed:
            return
        self._closed, self._serving = True, False
        for listener in self._listeners:
            self._book.release(listener.address)
        if self._forever is not None and not self._forever.done():
            self._forever.cancel()
        self._check_gone()

    def close_clients(self) -> None:
        """Close every open connection after its data is sent."""
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self) -> None:
        """Close every open connection at once."""
        for transport in list(self._clients):
            transport.abort()

    async def start_serving(self) -> None:
        """Begin to accept connections."""
        if not self._closed:
            self._serving = True
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Accept connections until cancelled, then close."""
        if self._closed or self._forever is not None:
            raise RuntimeError(f"server {self!r} is closed or already serves forever")
        self._serving = True
        self._forever = self._loop.create_future()
        try:
            await self._forever
        finally:
            self._forever = None
            self.close()
            with contextlib.suppress(asyncio.CancelledError):
                await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until it is closed and its last connection has ended."""
        await self._gone.wait()

    def __repr__(self) -> str:
        return f"<MemoryServer {[listener.address for listener in self._listeners]}>"


def close_quietly(sock: Any) -> None:
    """Close a real socket that the network does not need."""
    with contextlib.suppress(OSError):
        sock.close()
