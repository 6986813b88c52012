"""How many requests a second the mock service's front answers in virtual time, and what it costs.

    pytest benchmarks/test_http_front_speed.py

The unmodified aiohttp client posts JSON over 100 kept connections, 20 ms away, to a service that takes 20 ms:

- canned: bytes that are always the same, from ten lines of protocol. No server can be faster: the rest is the
  client and the simulation.
- front: ``perfkit.worlds.http``.
- aiohttp.web: the same answers from aiohttp's own server.
- front over sockets: the same client and front on loopback, without latency.

They take turns; each has its fastest round. Seconds are of processor time, which on a quiet machine are real
ones. What the front costs is its time above canned.
"""

import asyncio

import aiohttp
import pytest
from aiohttp import web

from benchmarks.compare import NOISE, per_call, told
from perfkit.sim import Link, Network, run
from perfkit.worlds.service.world import http

REQUESTS, CONNECTIONS, ROUNDS = 4_000, 100, 7
MS = 1_000_000
EXPECTED_NS = 20 * MS + REQUESTS // CONNECTIONS * 40 * MS
LEAST_PER_S = 8_000
"""The canned server tells whether the machine has the time for it: it must be a quarter faster."""

MOST_FRONT_US = 25


async def ask(url):
    """REQUESTS requests, CONNECTIONS at a time, each checked; the loop's nanoseconds that they took."""

    async def one(i):
        async with gate, client.post(url, json={"id": 7}) as response:
            assert (await response.json())["result"] == 7

    gate, loop = asyncio.Semaphore(CONNECTIONS), asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as client:
        start = loop.time()
        await asyncio.gather(*(one(i) for i in range(REQUESTS)))
        return round((loop.time() - start) * 1e9)


class Canned(asyncio.Protocol):
    ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"result":7}'

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if data.endswith(b"}"):
            asyncio.get_running_loop().call_later(0.02, self.transport.write, self.ANSWER)


def service(rtt_ms, service_ms):
    api = http(rtt_ms=rtt_ms, service_ms=service_ms)

    @api.post("/")
    def answer(request):
        return {"result": request.json["id"]}

    return api


async def answered_by_canned():
    server = await asyncio.get_running_loop().create_server(Canned, "api.example", 80)
    took = await ask("http://api.example/")
    server.close()
    return took


async def answered_by_front(network, rtt_ms=20, service_ms=20):
    async with service(rtt_ms, service_ms).start(1, 1, network) as running:
        return await ask(running.addresses[""])


async def answered_by_aiohttp():
    async def handler(request):
        body = await request.json()
        await asyncio.sleep(0.02)
        return web.json_response({"result": body["id"]})

    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "api.example", 80).start()
    took = await ask("http://api.example/")
    await runner.cleanup()
    return took


def virtual(main):
    network = Network(Link(rtt_ns=20 * MS))
    took_ns = run(lambda: main(network), network=network)
    assert took_ns == EXPECTED_NS


WAYS = {
    "canned bytes": lambda: virtual(lambda network: answered_by_canned()),
    "front": lambda: virtual(answered_by_front),
    "aiohttp.web": lambda: virtual(lambda network: answered_by_aiohttp()),
    "front over sockets": lambda: asyncio.run(answered_by_front(None, 0, 0)),
}


def test_the_front(benchmark):
    """Each way in turn; what is told is its fastest round."""
    best = dict.fromkeys(WAYS, float("inf"))

    def one_round():
        for name, way in WAYS.items():
            best[name] = min(best[name], per_call(lambda _, way=way: way(), 1) / REQUESTS)

    benchmark.pedantic(one_round, rounds=ROUNDS, warmup_rounds=1)
    told(benchmark, "a request, 100 connections", best)
    per_s = {f"{name}, a second": 1e9 / spent_ns for name, spent_ns in best.items()}
    told(benchmark, "requests", per_s, "")
    front_us = (best["front"] - best["canned bytes"]) / 1e3
    told(benchmark, "the front alone", {"a request": front_us}, "us")
    if benchmark.disabled:
        return
    assert front_us <= MOST_FRONT_US * NOISE
    assert best["front"] <= best["aiohttp.web"] / 1.2
    if 1e9 / best["canned bytes"] > LEAST_PER_S * 1.25:
        assert per_s["front, a second"] >= LEAST_PER_S / NOISE


@pytest.mark.parametrize("way", ["canned bytes", "front"])
def test_time_is_exact(way):
    WAYS[way]()
