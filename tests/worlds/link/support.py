"""Services to put a link before, and clients of them."""

import asyncio
from contextlib import asynccontextmanager

from perfkit.sim import Link, Network, run
from perfkit.worlds.link import LinkProxy

MS = 1_000_000


class Echo(asyncio.Protocol):
    """Sends back what it gets, and closes when its client does."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Greeter(Echo):
    """Speaks first."""

    def connection_made(self, transport):
        super().connection_made(transport)
        transport.write(b"hello")


@asynccontextmanager
async def linked(link, service=Echo, **options):
    """A service, and a proxy before it: in a simulation, or on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(service, "127.0.0.1", 0)
    try:
        async with LinkProxy(server.sockets[0].getsockname()[:2], link, **options) as proxy:
            yield proxy
    finally:
        server.close()


@asynccontextmanager
async def client(proxy):
    reader, writer = await asyncio.open_connection(*proxy.address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def simulate(main):
    """Run a coroutine function on the virtual clock: the proxy's own delays are all there are."""
    return run(main, network=Network(Link()))


def now_ns():
    return asyncio.get_running_loop().now_ns
