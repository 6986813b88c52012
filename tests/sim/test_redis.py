"""The unmodified redis.asyncio against a small server, to the nanosecond."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest
from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from perfkit.sim import run
from tests.sim.support import HOST, MS, RTT_NS, network, now_ns, server_tls

SERVICE_NS = 1 * MS


class Store(asyncio.Protocol):
    """SET, GET and PING in RESP 2; each takes SERVICE_NS, one after another per connection."""

    def __init__(self):
        self.data = {}

    def connection_made(self, transport):
        self.transport, self.rest, self.free_ns = transport, b"", 0

    def data_received(self, data):
        self.rest += data
        loop, answers = asyncio.get_running_loop(), []
        while (command := self.parsed()) is not None:
            answers.append(self.answer(*command))
        self.free_ns = max(self.free_ns, now_ns()) + SERVICE_NS
        loop.call_at(self.free_ns / 1e9, self.transport.write, b"".join(answers))

    def parsed(self):
        parts = self.rest.split(b"\r\n")
        count = 2 * int(parts[0][1:]) + 1 if len(parts) > 1 else len(parts)
        if len(parts) <= count:
            return None
        self.rest = b"\r\n".join(parts[count:])
        return parts[2:count:2]

    def answer(self, name, *arguments):
        match name.upper():
            case b"SET":
                self.data[arguments[0]] = arguments[1]
                return b"+OK\r\n"
            case b"GET":
                value = self.data.get(arguments[0])
                return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
            case b"PING":
                return b"+PONG\r\n"
            case _:
                return b"-ERR unknown command\r\n"


@asynccontextmanager
async def connected(tls=None, **options):
    server = await asyncio.get_running_loop().create_server(Store, HOST, 6379, ssl=tls)
    client = redis.Redis(host=HOST, protocol=2, driver_info=None, **options)
    try:
        yield client
    finally:
        await client.aclose()
        server.close()


def simulate(load, **options):
    """What ``load(client)`` returns, or else the virtual time that it takes on a connection that is there."""

    async def main():
        async with connected(**options) as client:
            await client.ping()
            start = now_ns()
            result = await load(client)
            return now_ns() - start if result is None else result

    return run(main, network=network())


def test_serial_commands_cost_a_round_trip_each():
    async def load(client):
        for i in range(100):
            await client.set(f"key {i}", i)
        assert await client.get("key 99") == b"99"

    assert simulate(load) == 101 * (RTT_NS + SERVICE_NS)


def test_a_pipeline_costs_one():
    async def load(client):
        pipeline = client.pipeline(transaction=False)
        for i in range(100):
            pipeline.set(f"key {i}", i)
        assert await pipeline.execute() == [True] * 100

    assert simulate(load) == RTT_NS + SERVICE_NS


def test_tasks_connect_each_and_then_share_the_pool():
    async def load(client):
        await asyncio.gather(*(client.get("x") for _ in range(10)))
        await asyncio.gather(*(client.get("x") for _ in range(10)))

    assert simulate(load) == 3 * RTT_NS + 2 * SERVICE_NS


@pytest.mark.parametrize("rediss", [False, True])
def test_connecting(rediss):
    options = {"tls": server_tls(), "ssl": True, "ssl_cert_reqs": ssl.CERT_NONE} if rediss else {}

    async def main():
        async with connected(**options) as client:
            await client.ping()
            return now_ns()

    assert run(main, network=network()) == (3 if rediss else 2) * RTT_NS + SERVICE_NS


def test_timeouts_fire_to_the_nanosecond():
    async def load(client):
        start = now_ns()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.15):
                await client.get("x")
        times = [now_ns() - start]
        once = Retry(NoBackoff(), retries=0)
        hasty = redis.Redis(host=HOST, driver_info=None, socket_connect_timeout=0.05, retry=once)
        start = now_ns()
        with pytest.raises(redis.TimeoutError):
            await hasty.get("x")
        await hasty.aclose()
        return [*times, now_ns() - start]

    assert simulate(load) == [150 * MS, 50 * MS]
