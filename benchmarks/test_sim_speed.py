"""How many aiohttp requests per real second virtual time manages, beside the same code over real sockets.

    pytest benchmarks/test_sim_speed.py

Both run the unmodified aiohttp client and aiohttp.web server in one process and loop: POST and JSON,
keep-alive, 100 or 1,000 connections. The simulation adds 20 ms of round trip and 20 ms of service, which cost
it nothing; over sockets the service takes no time, so that run shows what aiohttp costs by itself. The rough
network adds jitter, loss, TLS and processors.
"""

import asyncio
import ssl

import aiohttp
import pytest
from aiohttp import web

from perfkit.sim import Link, Network, run
from perfkit.sim.distributions import Exponential

REQUESTS = {100: 2_000, 1_000: 5_000}
MS = 1_000_000


def expected_s(connections):
    return (20 * MS + REQUESTS[connections] // connections * 40 * MS) / 1e9


async def exchange(host, port, service_s, connections, tls=None):
    """That many requests, so many at a time, each checked; the loop's time that they took."""

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
    site = web.TCPSite(runner, host, port, ssl_context=tls)
    await site.start()
    url = f"{'https' if tls else 'http'}://{host}:{site.port}/"
    gate = asyncio.Semaphore(connections)
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as client:
        await asyncio.gather(*(one(i) for i in range(REQUESTS[connections])))
        took = loop.time() - start
    await runner.cleanup()
    return took


def virtual(connections):
    network = Network()
    network.connect_host("api.example", Link(rtt_ns=20 * MS))
    return run(lambda: exchange("api.example", 80, 0.02, connections), network=network)


def rough(connections):
    network = Network(seed=1)
    network.connect_host("api.example", Link(rtt_ns=20 * MS, jitter=Exponential(MS), loss=0.001))
    network.set_cpu("api.example", 10_000)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    return run(lambda: exchange("api.example", 443, 0.02, connections, tls), network=network)


def sockets(connections):
    return asyncio.run(exchange("127.0.0.1", 0, 0, connections))


def measure(benchmark, function, connections):
    result = benchmark.pedantic(function, args=(connections,), rounds=5, warmup_rounds=1)
    if benchmark.stats:  # there are none under --benchmark-disable
        requests, seconds = REQUESTS[connections], benchmark.stats.stats
        benchmark.extra_info["requests_per_s"] = round(requests / seconds.median)
        benchmark.extra_info["best_requests_per_s"] = round(requests / seconds.min)
    return result


both = pytest.mark.parametrize("connections", REQUESTS)


@both
@pytest.mark.benchmark(group="aiohttp client and server")
def test_virtual_time(benchmark, connections):
    assert measure(benchmark, virtual, connections) == pytest.approx(expected_s(connections), abs=1e-9)


@both
@pytest.mark.benchmark(group="aiohttp client and server")
def test_virtual_time_on_a_rough_network(benchmark, connections):
    assert measure(benchmark, rough, connections) > expected_s(connections)


@both
@pytest.mark.benchmark(group="aiohttp client and server")
def test_loopback_sockets(benchmark, connections):
    measure(benchmark, sockets, connections)


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
