"""How many requests a second the mock portal answers, and how long a client needs for a large listing.

    pytest benchmarks/test_bitrix24_speed.py

``crm.lead.get`` is asked for over 20 kept connections of loopback by a client of a few lines; each server
has a process of its own, and its processor time counts:

- bare aiohttp.web: a handler that reads the body and sends bytes that are always the same.
- portal, aiohttp.web: the portal's methods, journal and all, behind the same library.
- portal, light: the same behind its own front.

They take turns; each has its fastest round. In the simulation the client's time counts as well. Then the
client library fast_bitrix24 fetches 100,000 leads, with and without choosing fields.
"""

import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.compare import NOISE, told
from perfkit.sim import Network, run
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH
from perfkit.worlds.bitrix24.world import Bitrix24

SERVERS = {"bare aiohttp.web": "bare", "portal, aiohttp.web": "aiohttp", "portal, light": "light"}
REQUESTS, CONNECTIONS, ROUNDS = 4_000, 20, 9
LEADS = 100_000

LEAST_PER_S = 5_000
LEAST_SIMULATED_PER_S = 9_000
LEAST_SHARE = 0.4
"""Of the requests that bare aiohttp.web answers in the same time."""

MOST_LISTING_S = 3.0

BODY = b'{"ID": 7}'
REQUEST = (
    f"POST {WEBHOOK_PATH}crm.lead.get HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


class Asking(asyncio.Protocol):
    """Sends a request as soon as the last one has been answered."""

    def __init__(self, requests, ended):
        self.requests, self.ended = requests, ended

    def connection_made(self, transport):
        self.transport = transport
        self.ask()

    def ask(self):
        if self.requests:
            self.requests -= 1
            self.transport.write(REQUEST)
        else:
            self.transport.close()

    def data_received(self, data):  # whole answers, since they are short
        assert data.startswith(b"HTTP/1.1 200 OK\r\n")
        assert data.endswith(b"}")
        self.ask()

    def connection_lost(self, error):
        self.ended.set_result(None)


async def ask(host, port):
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(CONNECTIONS)]
    each = REQUESTS // CONNECTIONS
    for ended in ends:
        await loop.create_connection(lambda ended=ended: Asking(each, ended), host, port)
    await asyncio.gather(*ends)


class Server:
    """One of the servers in its process."""

    def __init__(self, which):
        script = Path(__file__).with_name("bitrix24_servers.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), which], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self.process.stdout.readline())

    def used_ns(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def round_ns(self):
        """Nanoseconds of its processor time for one request."""
        before = self.used_ns()
        asyncio.run(ask("127.0.0.1", self.port))
        return (self.used_ns() - before) / REQUESTS

    def end(self):
        self.process.communicate(timeout=20)


@pytest.fixture
def servers():
    started = {name: Server(which) for name, which in SERVERS.items()}
    yield started
    for server in started.values():
        server.end()


def simulated_ns(front):
    """Real nanoseconds of one request in virtual time, client and simulation included."""
    network = Network()

    async def scenario():
        async with Bitrix24(rtt_ms=20, front=front).start(1_000, 1, network):
            await ask("portal.test", 80)

    before = time.process_time_ns()
    run(scenario, network=network)
    return (time.process_time_ns() - before) / REQUESTS


def test_requests_a_second(benchmark, servers):
    """Each server in turn; what is told is its fastest round."""
    best = dict.fromkeys([*servers, "simulated, aiohttp.web", "simulated, light"], float("inf"))

    def one_round():
        for name, server in servers.items():
            best[name] = min(best[name], server.round_ns())
        for name, front in (("simulated, aiohttp.web", "aiohttp"), ("simulated, light", "light")):
            best[name] = min(best[name], simulated_ns(front))

    benchmark.pedantic(one_round, rounds=ROUNDS, warmup_rounds=1)
    told(benchmark, "crm.lead.get", best)
    told(benchmark, "requests", {f"{name}, a second": 1e9 / spent for name, spent in best.items()}, "")
    share = best["bare aiohttp.web"] / best["portal, aiohttp.web"]
    told(benchmark, "portal on aiohttp.web", {"% of bare aiohttp.web": share * 100}, "%")
    if benchmark.disabled:
        return
    assert share >= LEAST_SHARE / NOISE
    assert 1e9 / best["portal, aiohttp.web"] >= LEAST_PER_S / NOISE
    assert 1e9 / best["simulated, light"] >= LEAST_SIMULATED_PER_S / NOISE


@pytest.mark.parametrize("front", ["aiohttp", "light"])
def test_a_listing_of_100_000_leads(benchmark, caplog, front):
    """``get_all`` of fast_bitrix24: 41 requests with 2,000 commands."""
    fast_bitrix24 = pytest.importorskip("fast_bitrix24")
    caplog.set_level(logging.WARNING, "fast_bitrix24")  # it would write each answer into pytest's log
    server = Server(front)
    best = {"ID, TITLE": float("inf"), "all fields": float("inf")}

    async def listing(params):
        client = fast_bitrix24.BitrixAsync(
            f"http://127.0.0.1:{server.port}{WEBHOOK_PATH}", verbose=False, respect_velocity_policy=False
        )
        before = time.perf_counter_ns()
        rows = await client.get_all("crm.lead.list", params)
        assert len({row["ID"] for row in rows}) == LEADS
        return time.perf_counter_ns() - before

    def one_round():
        for name, params in (("ID, TITLE", {"select": ["ID", "TITLE"]}), ("all fields", None)):
            best[name] = min(best[name], asyncio.run(listing(params)))

    try:
        benchmark.pedantic(one_round, rounds=3)
    finally:
        server.end()
    told(benchmark, f"100,000 leads, {front}", {name: spent / 1e6 for name, spent in best.items()}, "ms")
    if not benchmark.disabled:
        assert best["all fields"] / 1e9 <= MOST_LISTING_S
