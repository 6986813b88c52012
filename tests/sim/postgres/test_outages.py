"""Faults of the network between the clients and the simulated PostgreSQL."""

import asyncio

import asyncpg
import psycopg
import pytest

from perfkit.sim import Link, Network, run
from perfkit.sim.postgres import serve_postgres
from tests.postgres import postgres
from tests.sim.postgres.support import FREE, HOST, MS, RTT_NS, URL, now_ns


def simulate(main):
    server, network = postgres(), Network()
    network.connect_host(HOST, Link(rtt_ns=RTT_NS))

    async def everything():
        async with serve_postgres(HOST, 5432, server=server, costs=FREE) as gate:
            return await main(network, gate)

    return run(everything, network=network)


def test_a_reset_ends_the_sessions_and_frees_their_locks():
    async def main(network, gate):
        first = await asyncpg.connect(URL)
        second = await psycopg.AsyncConnection.connect(URL)
        await first.execute("BEGIN; SELECT pg_advisory_xact_lock(21)")
        network.reset(HOST)
        await asyncio.sleep(1)
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError)):
            await first.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            await second.execute("SELECT 1")
        await second.close()
        assert not gate.sessions
        async with await psycopg.AsyncConnection.connect(URL) as third:
            start = now_ns()
            await third.execute("SELECT pg_advisory_xact_lock(21)")
            return now_ns() - start

    assert simulate(main) == 2 * RTT_NS  # BEGIN, and the statement


def test_a_partition_is_waited_for_or_timed_out():
    async def main(network, gate):
        network.partition(HOST)
        start = now_ns()
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            await psycopg.AsyncConnection.connect(URL, connect_timeout=3)
        gone = now_ns() - start
        with pytest.raises(TimeoutError):
            await asyncpg.connect(URL, timeout=2)
        both = now_ns() - start
        network.heal(HOST)
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            await connection.execute("SELECT 1")
        return gone, both

    # before psycopg 3.3 it looks at the clock every 100 ms only
    gone, both = simulate(main)
    assert (gone, both - gone) in ((3_000 * MS, 2_000 * MS), (3_100 * MS, 2_000 * MS))
