"""What the service's tests share: a service in virtual time, and clients of it."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp

from perfkit.sim import Network, run

MS = 1_000_000
RTT_MS = 20


def now_ns():
    return asyncio.get_running_loop().now_ns


@asynccontextmanager
async def started(api, *, size=1, seed=1, network=None):
    """(access, counters) of a running service."""
    async with api.start(size, seed, network) as running:
        clock = "wall" if network is None else "virtual"
        yield api.access(running.addresses, size, seed, clock), running.counters


def simulate(api, main, **world):
    """What ``await main(access, counters)`` returns, in virtual time."""
    network = Network()

    async def simulation():
        async with started(api, network=network, **world) as (access, counters):
            return await main(access, counters)

    return run(simulation, network=network)


def wall(api, main, **world):
    """The same on loopback."""

    async def real():
        async with started(api, **world) as (access, counters):
            return await main(access, counters)

    return asyncio.run(real())


def client(connections=100):
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections))


async def get(session, url, **options):
    """(status, JSON) of a GET."""
    async with session.get(url, **options) as answer:
        return answer.status, await answer.json()


async def raw(access, data):
    """Everything that the service sends to these bytes until it closes its side."""
    host, _, port = access.url.split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port or 80))
    writer.write(data)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
