"""Perfkit's own cost in calls of microseconds to milliseconds, for its own gate of wall time.

    pytest benchmarks/test_own_cost.py
    perfkit gate --base main -- pytest benchmarks/test_own_cost.py

Floors do the same without perfkit: they tell a slower perfkit from a slower library or Python.
"""

import sqlite3

import aiohttp
import pytest
from aiohttp import web
from rule_traces import mixed

import perfkit
from perfkit.bench.baselines import Baseline, compare
from perfkit.bench.baselines.document import Entry, parse
from perfkit.fingerprints import describe_sql, describe_url
from perfkit.model import Trace
from perfkit.model.packing import pack, unpack
from perfkit.rules import Limits, check
from perfkit.sim import Link, Network, run

TIMES = 100
"""Operations in a call that records: beginning and ending a recording is a part of each."""

SPANS = 1_000
QUERY = "SELECT id, name FROM customer WHERE id = ?"


@perfkit.trace
def decorated():
    """Nothing, told as a span."""


def plain():
    """Nothing."""


def repeated(function):
    def calls():
        for _ in range(TIMES):
            function()

    return calls


def recorded(function):
    """The operations in a recording of their own, whose number of spans is right."""

    def calls():
        with perfkit.record() as rec:
            for _ in range(TIMES):
                function()
        assert len(rec.trace.spans) >= TIMES

    return calls


@pytest.mark.benchmark(group="100 spans")
class TestSpans:
    def test_floor(self, benchmark):
        benchmark(repeated(plain))

    def test_not_recording(self, benchmark):
        benchmark(repeated(decorated))

    def test_recording(self, benchmark):
        benchmark(recorded(decorated))


@pytest.fixture
def by_key():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO customer VALUES (?, ?)", [(n, f"name {n}") for n in range(100)])
    yield lambda: connection.execute(QUERY, (42,)).fetchall()
    connection.close()


@pytest.mark.benchmark(group="100 queries of sqlite3")
class TestQueries:
    def test_floor(self, benchmark, by_key):
        benchmark(repeated(by_key))

    def test_recording(self, benchmark, by_key):
        benchmark(recorded(by_key))


async def fetch(times):
    """That many requests of aiohttp's client to aiohttp's server."""

    async def handler(_request):
        return web.json_response({"result": 1})

    app = web.Application()
    app.router.add_get("/orders/{id}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "shop.example", 80).start()
    async with aiohttp.ClientSession() as client:
        for number in range(times):
            async with client.get(f"http://shop.example/orders/{number}") as response:
                await response.read()
    await runner.cleanup()


async def fetch_recorded(times):
    async with perfkit.record() as rec:
        await fetch(times)
    assert len(rec.trace.of_kind("request")) == times


def simulated(requests):
    network = Network()
    network.connect_host("shop.example", Link(rtt_ns=20_000_000))
    return run(lambda: requests(10), network=network)


@pytest.mark.benchmark(group="10 simulated requests")
class TestRequests:
    def test_floor(self, benchmark):
        benchmark(simulated, fetch)

    def test_recording(self, benchmark):
        benchmark(simulated, fetch_recorded)


@pytest.mark.benchmark(group="a fingerprint")
class TestFingerprints:
    """Of texts not seen before: what was seen is looked up."""

    def test_of_sql(self, benchmark):
        numbers = iter(range(10**12))
        benchmark(
            lambda: describe_sql(f"SELECT a, b FROM t WHERE x = {next(numbers)} AND y IN (1, 2) LIMIT 5")
        )

    def test_of_a_url(self, benchmark):
        numbers = iter(range(10**12))
        benchmark(lambda: describe_url(f"https://shop.example/orders/{next(numbers)}/items?page=2&limit=50"))


@pytest.fixture(scope="module")
def trace():
    spans = mixed()
    return Trace("virtual", 0, 10**12, spans=[next(spans) for _ in range(SPANS)])


@pytest.mark.benchmark(group="a trace of 1,000 spans")
class TestTraces:
    def test_rules(self, benchmark, trace):
        assert benchmark(check, trace, Limits())

    def test_packing(self, benchmark, trace):
        assert benchmark(pack, trace).id

    def test_unpacking(self, benchmark, trace):
        assert len(benchmark(unpack, pack(trace)).spans) == SPANS


@pytest.fixture(scope="module")
def baseline():
    metrics = {f"query SELECT a FROM t{n} WHERE id = ?": {20: n, 200: 10 * n} for n in range(1, 31)}
    entries = {f"near/strategy {n}": Entry(states={"cold": metrics, "warm": metrics}) for n in range(10)}
    return Baseline("shop", "scenario", "orders", entries=entries)


@pytest.mark.benchmark(group="a baseline of 10 strategies")
class TestBaselines:
    def test_writing(self, benchmark, baseline):
        assert benchmark(baseline.text)

    def test_reading(self, benchmark, baseline):
        assert benchmark(parse, baseline.text(), "shop.toml").text() == baseline.text()

    def test_comparing(self, benchmark, baseline):
        assert not benchmark(compare, baseline, baseline).differences
