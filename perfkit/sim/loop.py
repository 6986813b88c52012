"""The virtual loop: a clock that jumps, and a network of simulated hosts."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from functools import partial
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from perfkit.errors import SimulationError
from perfkit.sim.addresses import ANY_ADDRESS, AddressBook
from perfkit.sim.blocking import below, run_others
from perfkit.sim.connections import Connections, Dialled, join, wake
from perfkit.sim.executors import Executors
from perfkit.sim.link import Network, canonical
from perfkit.sim.sockets import Listener, MemoryServer, NeverReadable, close_quietly
from perfkit.sim.timers import HOST, TimerLoop
from perfkit.sim.tls import ClientHandshake, ServerHandshake, accept, client_context, secure
from perfkit.sim.transports import MemoryTransport
from perfkit.sim.unsupported import RefusingMixin
from perfkit.tracing.following import carry, way_to_library
from perfkit.tracing.scopes import active

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class VirtualLoop(RefusingMixin, TimerLoop):  # type: ignore[misc]  # refuses methods that the base class has
    """An asyncio loop on virtual time whose servers and connections exist only in memory.

    ``run`` makes one; use it directly only to look at ``now_ns`` and ``computing_ns``:

    >>> import asyncio
    >>> loop = VirtualLoop()
    >>> loop.run_until_complete(asyncio.sleep(3600))
    >>> loop.now_ns
    3600000000000
    >>> loop.close()
    """

    def __init__(self, network: Network | None = None, limit_ns: int | None = None) -> None:
        super().__init__(limit_ns)
        self._network = network or Network()
        self._book = AddressBook(self._network)
        self._connections = Connections(self, self._network, self._book)
        self._network.attach(self._connections)
        self._descriptor = NeverReadable()
        self._dialled: WeakKeyDictionary[socket.socket, Dialled] = WeakKeyDictionary()
        self.executors = Executors(self)

    def close(self) -> None:
        """Close the loop; it holds no threads and at most one pair of sockets."""
        self._descriptor.close()
        self._connections.forget()
        self._network.attach(None)
        super().close()

    # Synchronous code

    def block_until(self, future: asyncio.Future[Any]) -> None:
        """Keep the calling host waiting until ``future`` is done, while the others run: see ``blocking``."""
        if not self.executors.wait(future):
            run_others(self, future)

    def pass_ns(self, duration_ns: int) -> None:
        """Keep the calling host waiting for so long, as ``time.sleep`` does."""
        if duration_ns > 0:
            due = self.create_future()
            self.at_ns(self._now_ns + duration_ns, wake, (due,), below())
            self.block_until(due)

    def run_in_executor(  # type: ignore[override]  # typeshed types the arguments by TypeVarTuple
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run ``func`` beside the loop, as a thread of the executor does: see ``executors``."""
        job: Callable[[], T] = partial(func, *args)
        if active:
            job = carry(job, way_to_library(func, sys._getframe(1)))
        return self.executors.submit(executor or self._default_executor, job)  # type: ignore[attr-defined]

    # Names

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """Look a simulated host up, in no time; ``socket.gaierror`` for a name that nobody registered."""
        await asyncio.sleep(0)  # a real look-up never answers in the same turn, and clients rely on it
        return self._book.getaddrinfo(host, port, family, type, proto, flags)

    # Servers

    async def create_server(  # type: ignore[override]  # one signature for the base class's overloads
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        *,
        sock: socket.socket | None = None,
        ssl: Any = None,
        ssl_handshake_timeout: float | None = None,
        start_serving: bool = True,
        **_kernel_options: Any,
    ) -> MemoryServer:
        """Listen on a simulated host; a host name that is new gets an address of its own.

        Callbacks of its connections run in copies of the context of this call and count as that host's.
        Raises ``OSError`` (EADDRINUSE) for a port in use.
        """
        if ssl is not None and not isinstance(ssl, SSLContext):
            raise TypeError(f"ssl argument must be an SSLContext or None, not {ssl!r}")
        if sock is not None:
            host, port = sock.getsockname()[:2]
            close_quietly(sock)
        elif port is None:
            raise ValueError("Neither host/port nor sock were specified")
        server = MemoryServer(self, self._book, self._descriptor)
        tls = None if ssl is None else (ssl, ssl_handshake_timeout)
        try:
            for name in [host] if host is None or isinstance(host, str) else dict.fromkeys(host):
                context = self.new_context(canonical(name or ANY_ADDRESS))
                listener = Listener(protocol_factory, context, server, tls)
                server.add(listener, self._book.register(name or ANY_ADDRESS), int(port))
        except OSError:
            server.close()
            raise
        if start_serving:
            await server.start_serving()
        return server

    # Connections

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Reach an address; the socket itself stays unconnected, ``create_connection(sock=)`` replaces it.

        Costs one round trip, then raises ``ConnectionRefusedError`` if nobody listens there.
        """
        infos = await self.getaddrinfo(address[0], address[1], type=socket.SOCK_STREAM)
        self._dialled[sock] = await self._connections.dial(infos[0][4][:2])

    async def create_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        sock: socket.socket | None = None,
        family: int = 0,
        proto: int = 0,
        flags: int = 0,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        **_kernel_options: Any,
    ) -> tuple[MemoryTransport, Any]:
        """Connect to a simulated host, or take over (and close) a socket that ``sock_connect`` dialled."""
        if sock is not None:
            close_quietly(sock)
        dialled = (
            await self._dial_first(host, port, family, proto, flags) if sock is None else self._taken(sock)
        )
        context = client_context(ssl) if ssl else None
        if ssl and server_hostname is None and host is None:
            raise ValueError("You must set server_hostname when using ssl without a host")
        near = self._open(dialled)
        protocol = protocol_factory()
        if context is None:
            near._context.run(near.start, protocol)
        else:
            handshake = ClientHandshake(near, context, server_hostname or host)
            await secure(near, handshake, ssl_handshake_timeout)
            near._context.run(near.hand_over, protocol)
        return near, protocol

    async def _dial_first(self, host: Any, port: Any, family: int, proto: int, flags: int) -> Dialled:
        infos = await self.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, proto=proto, flags=flags
        )
        for info in infos[:-1]:
            try:
                return await self._connections.dial(info[4][:2])
            except OSError:
                continue
        return await self._connections.dial(infos[-1][4][:2])

    def _taken(self, sock: socket.socket) -> Dialled:
        if sock not in self._dialled:
            raise SimulationError(
                "create_connection(sock=...) needs a socket that sock_connect() has dialled"
            )
        return self._dialled.pop(sock)

    def _open(self, dialled: Dialled) -> MemoryTransport:
        address = dialled.address
        listener = self._book.listener_at(*address)
        if listener is None:
            raise ConnectionResetError(errno.ECONNRESET, f"the server at {address!r} has closed")
        host = HOST.get()
        own = (self._own_ip(host, address[0]), self._book.client_port())
        near, far = join(self, dialled, self._descriptor, (own, self.new_context(host)), listener)
        self._connections.add(near, dialled.hosts)
        near.tell_peer(near._wire.put(self._now_ns, 0), self._accept, (listener, far))
        return near

    def _own_ip(self, host: str, target: str) -> str:
        if target.startswith("127.") or ":" in target:
            return target
        return self._book.resolve(host) if host and host != ANY_ADDRESS else self._book.client_ip

    def _accept(self, listener: Listener, far: MemoryTransport) -> None:
        if far.is_closing():  # reset by the network
            return
        if not listener.accepting:
            far.refuse()
            return
        try:
            protocol = listener.factory()
        except BaseException:
            far.refuse()
            raise
        if listener.tls is None:
            far.start(protocol)
        else:
            accept(far, protocol, *listener.tls)

    async def start_tls(
        self,
        transport: Any,
        protocol: asyncio.BaseProtocol,
        sslcontext: SSLContext,
        *,
        server_side: bool = False,
        server_hostname: str | None = None,
        ssl_handshake_timeout: float | None = None,
        **_kernel_options: Any,
    ) -> asyncio.Transport:
        """Begin TLS on an open connection, for the price of its handshake; see ``tls``."""
        if not isinstance(transport, MemoryTransport):
            raise TypeError(f"transport {transport!r} is not supported by start_tls()")
        if not isinstance(sslcontext, SSLContext):
            raise TypeError(f"sslcontext is expected to be an SSLContext, got {sslcontext!r}")
        handshake: ServerHandshake | ClientHandshake = (
            ServerHandshake(transport, sslcontext, protocol, announce=False)
            if server_side
            else ClientHandshake(transport, sslcontext, server_hostname)
        )
        secured = await secure(transport, handshake, ssl_handshake_timeout)
        if secured is transport:
            transport.set_protocol(protocol)
            transport.resume_reading()
        return secured
