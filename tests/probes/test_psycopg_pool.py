import asyncio
import inspect
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg_pool
import pytest
from psycopg_pool import pool as sync_pool
from psycopg_pool import pool_async

import perfkit
from perfkit.probes import psycopg_pool as probe
from tests.postgres import postgres

SYNC = "psycopg_pool.ConnectionPool.getconn"
ASYNC = "psycopg_pool.AsyncConnectionPool.getconn"


@pytest.fixture(autouse=True)
def _watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def dsn():
    return postgres()


def waits(rec):
    return [s for s in rec.trace.of_kind("wait") if s.attrs.get("library") == "psycopg_pool"]


def line():
    return inspect.currentframe().f_back.f_lineno


def test_waiting_threads(dsn):
    def one(number):
        with perfkit.span(f"thread {number}"), pool.connection():
            one.line = line() - 1

    with psycopg_pool.ConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
        pool.wait()
        with perfkit.record() as rec, ThreadPoolExecutor(2) as threads:
            with pool.connection():
                running = threads.map(one, range(2))
                while pool.get_stats().get("requests_waiting", 0) < 2:
                    time.sleep(0.001)
            assert list(running) == [None, None]
    names = {s.id: s.name for s in rec.trace.of_kind("span")}
    assert sorted((s.name, s.site.line, s.site.function, names[s.parent]) for s in waits(rec)) == [
        (SYNC, one.line, "test_waiting_threads.one", "thread 0"),
        (SYNC, one.line, "test_waiting_threads.one", "thread 1"),
    ]


def test_waiting_tasks(dsn):
    async def one(pool, number):
        with perfkit.span(f"task {number}"):
            async with pool.connection() as conn:
                one.line = line() - 1
                await conn.execute("SELECT pg_sleep(0.02)")

    async def main():
        async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
            await pool.wait()
            with perfkit.record() as rec:
                await asyncio.gather(*(one(pool, number) for number in range(3)))
        return rec

    rec = asyncio.run(main())
    names = {s.id: s.name for s in rec.trace.of_kind("span")}
    assert [(s.name, s.site.line, names[s.parent]) for s in waits(rec)] == [
        (ASYNC, one.line, "task 1"),
        (ASYNC, one.line, "task 2"),
    ]


def test_a_free_connection_takes_no_wait(dsn):
    with psycopg_pool.ConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
        pool.wait()
        with perfkit.record() as rec, pool.connection() as conn:
            conn.execute("SELECT 1")
    assert waits(rec) == []


def test_a_wait_that_runs_out(dsn):
    with psycopg_pool.ConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
        with pool.connection(), perfkit.record() as rec, pytest.raises(psycopg_pool.PoolTimeout):
            pool.getconn(timeout=0.02)
        with pool.connection() as conn:
            assert conn.execute("SELECT 7").fetchone() == (7,)
    (found,) = waits(rec)
    assert (found.error, found.site.function) == ("PoolTimeout", "test_a_wait_that_runs_out")


def test_a_cancelled_wait(dsn):
    async def main():
        async with psycopg_pool.AsyncConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
            async with pool.connection():
                with perfkit.record() as rec, pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await pool.getconn()
            async with pool.connection() as conn:
                assert await (await conn.execute("SELECT 7")).fetchone() == (7,)
        return rec

    (found,) = waits(asyncio.run(main()))
    assert (found.name, found.error) == (ASYNC, "CancelledError")


def test_nothing_is_recorded_outside_a_recording(dsn):
    with psycopg_pool.ConnectionPool(dsn, min_size=1, max_size=1, open=False) as pool:
        with perfkit.record() as rec:
            pass
        with pool.connection(), pytest.raises(psycopg_pool.PoolTimeout):
            pool.getconn(timeout=0.02)
    assert rec.trace.spans == []


def test_instrumenting_is_idempotent_and_reversible():
    def now():
        return [sync_pool.WaitingClient.wait, pool_async.WaitingClient.wait]

    probe.remove()
    plain = now()
    probe.install()
    watched = now()
    probe.install()
    assert now() == watched
    assert not set(watched) & set(plain)
    probe.remove()
    probe.remove()
    assert now() == plain
