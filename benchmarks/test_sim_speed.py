"""How many aiohttp requests per real second virtual time manages, beside the same code over real sockets.

    pytest benchmarks/test_sim_speed.py

Both run the unmodified aiohttp client and aiohttp.web server in one process and loop: POST and JSON,
keep-alive, 100 connections. The simulation adds 20 ms of round trip and 20 ms of service, which cost it
nothing; over sockets the service takes no time, so that run shows what aiohttp costs by itself.
"""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from perfkit.sim import Link, Network, run

REQUESTS = 2_000
CONNECTIONS = 100
MS = 1_000_000
EXPECTED_NS = 20 * MS + REQUESTS // CONNECTIONS * 40 * MS


async def exchange(host, port, service_s):
    """REQUESTS requests, CONNECTIONS at a time, each checked; the loop's time that they took."""

    async def handler(request):
        body = await request.json()
        if service_s:
            await asyncio.sleep(service_s)
        return web.json_response({"result": body["id"]})

    async def one(i):
        async with gate, client.post(url, json={"id": i}) as response:
            assert (await response.json())["result"] == i

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    url, gate = f"http://{host}:{site.port}/", asyncio.Semaphore(CONNECTIONS)
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as client:
        await asyncio.gather(*(one(i) for i in range(REQUESTS)))
        took = loop.time() - start
    await runner.cleanup()
    return took


def virtual():
    network = Network()
    network.connect_host("api.example", Link(rtt_ns=20 * MS))
    return run(lambda: exchange("api.example", 80, 0.02), network=network)


def sockets():
    return asyncio.run(exchange("127.0.0.1", 0, 0))


def measure(benchmark, function):
    result = benchmark.pedantic(function, rounds=5, warmup_rounds=1)
    if benchmark.stats:  # there are none under --benchmark-disable
        benchmark.extra_info["requests_per_s"] = round(REQUESTS / benchmark.stats.stats.median)
    return result


@pytest.mark.benchmark(group="aiohttp client and server, 100 connections")
def test_virtual_time(benchmark):
    assert measure(benchmark, virtual) == pytest.approx(EXPECTED_NS / 1e9, abs=1e-9)


@pytest.mark.benchmark(group="aiohttp client and server, 100 connections")
def test_loopback_sockets(benchmark):
    measure(benchmark, sockets)


@pytest.mark.benchmark(group="the loop alone")
@pytest.mark.parametrize("how", ["virtual", "asyncio"])
def test_twenty_thousand_turns(benchmark, how):
    """Scaled down: 100 tasks, 200 turns each."""

    async def main():
        async def turn():
            for _ in range(200):
                await asyncio.sleep(0)

        await asyncio.gather(*(turn() for _ in range(100)))

    benchmark.pedantic(
        lambda: run(main) if how == "virtual" else asyncio.run(main()), rounds=10, warmup_rounds=1
    )
