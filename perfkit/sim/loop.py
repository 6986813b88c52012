"""The virtual loop: a clock that jumps, and a network of simulated hosts."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from perfkit.errors import SimulationError
from perfkit.sim.addresses import ANY_ADDRESS, Address, AddressBook
from perfkit.sim.link import Network
from perfkit.sim.sockets import Listener, MemoryServer, NeverReadable, close_quietly
from perfkit.sim.timers import HOST, TimerLoop
from perfkit.sim.transports import connect
from perfkit.sim.unsupported import HTTPS_ADVICE, HTTPS_PORT, RefusingMixin, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.sim.transports import MemoryTransport


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
        self._book = AddressBook(network or Network())
        self._descriptor = NeverReadable()
        self._dialled: WeakKeyDictionary[socket.socket, Address] = WeakKeyDictionary()

    def close(self) -> None:
        """Close the loop; it holds no threads and at most one pair of sockets."""
        self._descriptor.close()
        super().close()

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
        await asyncio.sleep(
            0
        )  # a real look-up never answers in the same turn, and clients behave accordingly
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
        start_serving: bool = True,
        **_kernel_options: Any,
    ) -> MemoryServer:
        """Listen on a simulated host; a host name that is new gets an address of its own.

        Callbacks of its connections run in copies of the context of this call and count as that host's.
        Raises ``OSError`` (EADDRINUSE) for a port in use.
        """
        if ssl:
            refuse("a server with ssl=", HTTPS_ADVICE)
        if sock is not None:
            host, port = sock.getsockname()[:2]
            close_quietly(sock)
        elif port is None:
            raise ValueError("Neither host/port nor sock were specified")
        server = MemoryServer(self, self._book, self._descriptor)
        try:
            for name in [host] if host is None or isinstance(host, str) else dict.fromkeys(host):
                listener = Listener(protocol_factory, self.new_context(name or ANY_ADDRESS), server)
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
        self._dialled[sock] = await self._dial(infos[0][4][:2])

    async def _dial(self, address: Address) -> Address:
        await self._pass(self._book.link_to(address[0]).rtt_ns)
        if self._book.listener_at(*address) is None:
            advice = f". {HTTPS_ADVICE}" if address[1] == HTTPS_PORT else ""
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {address!r}{advice}")
        return address

    async def _pass(self, duration_ns: int) -> None:
        arrived = self.create_future()
        timer = self.call_later(duration_ns / 1e9, _wake, arrived)
        try:
            await arrived
        finally:
            timer.cancel()

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
        **_kernel_options: Any,
    ) -> tuple[MemoryTransport, Any]:
        """Connect to a simulated host, or take over (and close) a socket that ``sock_connect`` dialled."""
        if sock is not None:
            close_quietly(sock)
        if ssl:
            refuse("a connection with ssl=", HTTPS_ADVICE)
        if sock is None:
            infos = await self.getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM, proto=proto, flags=flags
            )
            return self._open(protocol_factory, await self._dial_first(infos))
        if sock not in self._dialled:
            raise SimulationError(
                "create_connection(sock=...) needs a socket that sock_connect() has dialled"
            )
        return self._open(protocol_factory, self._dialled.pop(sock))

    async def _dial_first(self, infos: list[Any]) -> Address:
        for info in infos[:-1]:
            try:
                return await self._dial(info[4][:2])
            except OSError:
                continue
        return await self._dial(infos[-1][4][:2])

    def _open(
        self, factory: Callable[[], asyncio.BaseProtocol], address: Address
    ) -> tuple[MemoryTransport, asyncio.BaseProtocol]:
        listener = self._book.listener_at(*address)
        if listener is None:
            raise ConnectionResetError(errno.ECONNRESET, f"the server at {address!r} has closed")
        host = HOST.get()
        own = (self._own_ip(host, address[0]), self._book.client_port())
        near, far = connect(
            self,
            self._book.link_to(address[0]),
            self._descriptor,
            (own, self.new_context(host)),
            (address, listener.context.copy(), listener.server),
        )
        self.at_ns(self._now_ns + near._wire.latency_ns, self._accept, (listener, far), far._context)
        protocol = factory()
        near._context.run(near.start, protocol)
        return near, protocol

    def _own_ip(self, host: str, target: str) -> str:
        if target.startswith("127.") or ":" in target:
            return target
        return self._book.resolve(host) if host and host != ANY_ADDRESS else self._book.client_ip

    def _accept(self, listener: Listener, far: MemoryTransport) -> None:
        if not listener.accepting:
            far.refuse()
            return
        try:
            protocol = listener.factory()
        except BaseException:
            far.refuse()
            raise
        far.start(protocol)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
