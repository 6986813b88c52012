"""The connections of one simulation that are open, and what the network's faults do to them."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any, NamedTuple

from perfkit.sim.cpu import Processor
from perfkit.sim.outages import UNCONNECTED_NS, Outage, timed_out
from perfkit.sim.sockets import SocketView
from perfkit.sim.timers import HOST
from perfkit.sim.tls import abandon
from perfkit.sim.transports import MemoryTransport
from perfkit.sim.wires import wires

if TYPE_CHECKING:
    from contextvars import Context

    from perfkit.sim.addresses import Address, AddressBook
    from perfkit.sim.link import Link, Network
    from perfkit.sim.sockets import Listener, NeverReadable
    from perfkit.sim.timers import TimerLoop
    from perfkit.sim.wires import Wire

Hosts = tuple[str, str]
"""The client's and the server's."""


class Dialled(NamedTuple):
    """A way to a server that answers, for one connection."""

    address: Address
    hosts: Hosts
    link: Link
    wires: tuple[Wire, Wire]


class Connections:
    """Keeps the open connections of a loop, in order of their making, and hears of the network's faults."""

    def __init__(self, loop: TimerLoop, network: Network, book: AddressBook) -> None:
        self._loop, self._network, self._book = loop, network, book
        self._dialled: dict[str, int] = {}
        self._open: dict[MemoryTransport, Hosts] = {}
        self._healed: dict[asyncio.Future[None], Hosts] = {}

    def add(self, near: MemoryTransport, hosts: Hosts) -> None:
        """A connection was made; ``near`` is its client's end."""
        self._open[near] = hosts
        near.on_lost = near._peer.on_lost = self._lost
        self._recheck(near, hosts)

    def _lost(self, transport: MemoryTransport) -> None:
        if transport._peer._lost:
            self._open.pop(transport, None)
            self._open.pop(transport._peer, None)

    def forget(self) -> None:
        """The simulation is over, whatever is still open."""
        for near in list(self._open):
            for end in (near, near._peer):
                abandon(end)

    # What the network tells

    def recheck(self) -> None:
        """Cut and mend connections, and let those that wait to connect go on."""
        for near, hosts in list(self._open.items()):
            self._recheck(near, hosts)
        for healed, hosts in list(self._healed.items()):
            if not healed.done() and not self._network.is_cut(*hosts):
                healed.set_result(None)

    def _recheck(self, near: MemoryTransport, hosts: Hosts) -> None:
        cut = self._network.is_cut(*hosts)
        for end in (near, near._peer):
            outage = end._wire.outage
            if cut and outage is None:
                end._wire.outage = Outage(end)
            elif not cut and outage is not None:
                outage.end()

    def reset(self, host: str) -> None:
        """End every connection of ``host``."""
        for near, (client, server) in list(self._open.items()):
            if server == host:
                near._peer.reset("")
            elif client == host:
                near.reset("")

    def set_cpu(self, host: str, per_callback_ns: int) -> None:
        """Put a processor before the callbacks of ``host``, or change the one that is there."""
        gate = self._loop.gates.get(host)
        processor = getattr(gate, "__self__", None)
        if isinstance(processor, Processor):
            processor.cost_ns = per_callback_ns
        elif per_callback_ns:
            self._loop.gates[host] = Processor(self._loop, per_callback_ns).take

    # Connecting

    async def dial(self, address: Address) -> Dialled:
        """Reach an address, in one round trip or after an outage; raises ``OSError`` as a kernel would."""
        server, link = self._book.name_at(address[0]), self._book.link_to(address[0])
        number = self._dialled[server] = self._dialled.get(server, 0) + 1
        dialled = Dialled(
            address, (HOST.get(), server), link, wires(link, self._network.seed, f"{server} {number}")
        )
        try:
            async with asyncio.timeout(UNCONNECTED_NS / 1e9):
                await self._there_and_back(dialled)
        except TimeoutError:
            raise timed_out() from None
        if self._network.is_refusing(server) or self._book.listener_at(*address) is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, self._refusal(address))
        return dialled

    async def _there_and_back(self, dialled: Dialled) -> None:
        there, back = dialled.wires
        while True:
            await self._until_healed(dialled.hosts)
            start_ns = self._loop.now_ns
            await self._pass(back.put_first(there.put_first(start_ns)) - start_ns)
            if not self._network.is_cut(*dialled.hosts):
                return

    async def _until_healed(self, hosts: Hosts) -> None:
        if self._network.is_cut(*hosts):
            healed = self._loop.create_future()
            self._healed[healed] = hosts
            try:
                await healed
            finally:
                del self._healed[healed]

    async def _pass(self, duration_ns: int) -> None:
        arrived = self._loop.create_future()
        timer = self._loop.call_later(duration_ns / 1e9, wake, arrived)
        try:
            await arrived
        finally:
            timer.cancel()

    def _refusal(self, address: Address) -> str:
        text, ports = f"Connect call failed {address!r}", self._book.listening_at(address[0])
        if not ports or address[1] in ports:
            return text
        return (
            f"{text}: {self._book.name_at(address[0])} listens on port {' and '.join(map(str, ports))} only"
        )


def wake(future: asyncio.Future[None]) -> None:
    """Let one that waits go on, unless it has given up."""
    if not future.done():
        future.set_result(None)


def join(
    loop: TimerLoop,
    dialled: Dialled,
    descriptor: NeverReadable,
    client: tuple[Address, Context],
    listener: Listener,
) -> tuple[MemoryTransport, MemoryTransport]:
    """The two ends of a new connection: the client's and the server's."""
    own, peer = client[0], dialled.address
    there, back = dialled.wires
    near = MemoryTransport(loop, client[1], there, _extra(descriptor, own, peer), None)
    far = MemoryTransport(loop, listener.context.copy(), back, _extra(descriptor, peer, own), listener.server)
    near._peer, far._peer = far, near
    near.tls_rtts = far.tls_rtts = dialled.link.tls_rtts
    return near, far


def _extra(descriptor: NeverReadable, own: Address, peer: Address) -> dict[str, Any]:
    return {"socket": SocketView(descriptor, own, peer), "sockname": own, "peername": peer}
