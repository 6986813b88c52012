"""What a real PostgreSQL in virtual time costs in real time, and where the defaults of ``Costs`` come from.

    pytest benchmarks/test_postgres_sim_speed.py

The same 200 queries by key run in a simulation with 20 ms of round trip, and directly over loopback. The
last benchmark measures on the real server, without any network, what ``Costs`` charges for; commits are not
measured (the server of the tests does not flush to disk).
"""

import asyncio
import time

import asyncpg
import psycopg
import pytest

from perfkit.sim import Link, Network, run
from perfkit.sim.postgres import Costs, serve_postgres
from tests.postgres import postgres

QUERIES = 200
MS = 1_000_000
RTT_NS = 20 * MS
URL = "postgresql://postgres@db.test:5432/postgres"
ROWS = 50_000
LOAD = f"CREATE TABLE speed AS SELECT g AS id, g AS n FROM generate_series(1, {ROWS}) g"


@pytest.fixture(scope="module")
def server():
    dsn = postgres()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS speed")
        connection.execute(LOAD)
        connection.execute("ALTER TABLE speed ADD PRIMARY KEY (id)")
        connection.execute("VACUUM ANALYZE speed")
    yield dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE speed")


async def by_asyncpg(url):
    connection = await asyncpg.connect(url)
    for i in range(QUERIES):
        assert await connection.fetchval("SELECT n FROM speed WHERE id = $1", i + 1) == i + 1
    await connection.close()


async def by_psycopg(url):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for i in range(QUERIES):
            row = await (await connection.execute("SELECT n FROM speed WHERE id = %s", (i + 1,))).fetchone()
            assert row == (i + 1,)


async def by_sync_psycopg(url):
    with psycopg.connect(url, autocommit=True) as connection:
        for i in range(QUERIES):
            row = connection.execute("SELECT n FROM speed WHERE id = %s", (i + 1,)).fetchone()
            assert row == (i + 1,)


DRIVERS = [by_asyncpg, by_psycopg, by_sync_psycopg]


@pytest.mark.benchmark(group="200 queries by key")
@pytest.mark.parametrize("driver", DRIVERS)
def test_virtual_time(benchmark, server, driver):
    def simulate():
        async def main():
            async with serve_postgres("db.test", 5432, server=server):
                await driver(URL)
                return asyncio.get_running_loop().now_ns

        network = Network()
        network.connect_host("db.test", Link(rtt_ns=RTT_NS))
        return run(main, network=network)

    took_ns = benchmark.pedantic(simulate, rounds=7, warmup_rounds=1)
    assert took_ns > QUERIES * RTT_NS
    note_per_query(benchmark)


@pytest.mark.benchmark(group="200 queries by key")
@pytest.mark.parametrize("driver", DRIVERS)
def test_loopback_sockets(benchmark, server, driver):
    benchmark.pedantic(lambda: asyncio.run(driver(server)), rounds=7, warmup_rounds=1)
    note_per_query(benchmark)


def note_per_query(benchmark):
    if benchmark.stats:  # there are none under --benchmark-disable
        benchmark.extra_info["us_per_query"] = round(benchmark.stats.stats.min / QUERIES * 1e6)


@pytest.mark.benchmark(group="what Costs charges for")
def test_costs(benchmark, server):
    measured = benchmark.pedantic(lambda: measure(server), rounds=1)
    for name, nanoseconds in measured.items():
        benchmark.extra_info[f"{name} (Costs: {getattr(Costs(), name)})"] = nanoseconds


def measure(server):
    """Nanoseconds on the real server, without the way there and back."""
    with psycopg.connect(server, autocommit=True) as connection:
        cursor = connection.cursor()

        def took(query, parameters=(), prepare=True, repeat=200):
            cursor.execute(query, parameters, prepare=prepare)
            best = []
            for _ in range(repeat):
                start = time.perf_counter_ns()
                cursor.execute(query, parameters, prepare=prepare)
                best.append(time.perf_counter_ns() - start)
            return sorted(best)[len(best) // 2]

        by_key = "SELECT n FROM speed WHERE id = %s"
        # interleaved, because the machine is not equally fast all the time
        rounds = [
            (took("", prepare=False), took(by_key, (7,)), took(by_key, (7,), prepare=False)) for _ in range(9)
        ]
        way, prepared, unprepared = (sorted(column)[4] for column in zip(*rounds, strict=True))
        statement, parse = prepared - way, unprepared - prepared
        read = took("SELECT count(n) FROM speed", repeat=20) / ROWS
        returned = took("SELECT n FROM speed", repeat=20) / ROWS - read
        cursor.execute("CREATE TEMP TABLE written (id int PRIMARY KEY, n int)")
        insert = f"INSERT INTO written SELECT g, g FROM generate_series(1, {ROWS}) g"
        written = []
        for _ in range(3):
            start = time.perf_counter_ns()
            cursor.execute(insert)
            written.append((time.perf_counter_ns() - start) / ROWS)
            cursor.execute("TRUNCATE written")
    connecting = []
    for _ in range(20):
        start = time.perf_counter_ns()
        psycopg.connect(server).close()
        connecting.append(time.perf_counter_ns() - start)
    return {
        "connect_ns": sorted(connecting)[10] - 2 * way,
        "parse_ns": parse,
        "statement_ns": statement,
        "row_read_ns": round(read),
        "row_returned_ns": round(returned),
        "row_written_ns": round(min(written)),
    }
