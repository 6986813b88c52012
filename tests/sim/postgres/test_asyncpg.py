import asyncio

import asyncpg
import pytest

from perfkit.sim import Link
from perfkit.sim.postgres import Costs
from tests.sim.postgres.support import FREE, HOST, MS, URL, Watch, now_ns, simulate


def test_connecting_costs_tcp_tls_refused_and_login():
    async def main(gate):
        watch = Watch()
        connection = await asyncpg.connect(URL)
        preferring = watch.trips()
        await connection.close()
        watch = Watch()
        connection = await asyncpg.connect(URL, ssl=False)
        plain = watch.trips()
        await connection.close()
        return preferring, plain

    assert simulate(main) == (3, 2)


def test_serial_queries_cost_a_round_trip_each_and_one_more_to_prepare():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        watch = Watch()
        first = await connection.fetchval("SELECT $1::int + 1", 1), watch.trips()
        for i in range(200):
            assert await connection.fetchval("SELECT $1::int + 1", i) == i + 1
        again = watch.trips()
        await connection.close()
        return first, again

    assert simulate(main) == ((2, 2), 200)


def test_a_pool_of_ten_answers_two_hundred_in_twenty_rounds():
    async def main(gate):
        pool = await asyncpg.create_pool(URL, min_size=10, max_size=10)
        await asyncio.gather(*(pool.fetchval("SELECT 1") for _ in range(10)))
        watch = Watch()
        got = await asyncio.gather(*(pool.fetchval("SELECT 1") for _ in range(200)))
        trips = watch.trips()
        await pool.close()
        return sum(got), trips

    # each query, and the reset that the pool sends when a connection comes back
    assert simulate(main) == (200, 40)


def test_executemany_is_two_round_trips_whatever_the_number_of_rows():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.execute("CREATE TEMP TABLE t (a int)")
        watch = Watch()
        await connection.executemany("INSERT INTO t VALUES ($1)", [(i,) for i in range(500)])
        trips = watch.trips()
        total = await connection.fetchval("SELECT sum(a) FROM t")
        await connection.close()
        return trips, total

    assert simulate(main) == (2, 499 * 500 // 2)


def test_copy_in_and_out():
    rows = [(i, "x" * 100) for i in range(5_000)]

    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.execute("CREATE TEMP TABLE t (a int, b text)")
        watch = Watch()
        said = await connection.copy_records_to_table("t", records=rows)
        trips = watch.trips()
        sink = bytearray()

        async def write(data):
            sink.extend(data)

        out = await connection.copy_from_query("SELECT * FROM t", output=write, format="csv")
        await connection.close()
        return said, trips, out, len(sink.splitlines()), gate.counters()["rows_written"]

    # the table's columns are looked up; asyncpg does not wait until the server wants the rows
    assert simulate(main) == ("COPY 5000", 2, "COPY 5000", 5_000, 5_000)


def test_rows_of_a_copy_may_come_before_a_worker_is_free_for_it():
    async def main(gate):
        connections = [await asyncpg.connect(URL) for _ in range(5)]
        for connection in connections:
            await connection.execute("CREATE TEMP TABLE t (a int)")
        said = await asyncio.gather(
            *(c.copy_records_to_table("t", records=[(i,) for i in range(50_000)]) for c in connections)
        )
        for connection in connections:
            await connection.close()
        return said

    assert simulate(main, Costs(workers=1, statement_ns=50 * MS)) == ["COPY 50000"] * 5


def test_a_failed_copy_leaves_the_connection_usable():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.copy_records_to_table("t", records=[(1,), (1,)])

        async def broken():
            yield (2,)
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError):
            await connection.copy_records_to_table("t", records=broken())
        count = await connection.fetchval("SELECT count(*) FROM t")
        await connection.close()
        return count

    assert simulate(main) == 0


async def created_and_rolled_back(connection):
    async with connection.transaction():
        await connection.execute("CREATE TABLE gone (a int)")
        raise ZeroDivisionError


def test_errors_transactions_and_cursors():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.fetchval("SELECT 1 / 0")
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await connection.fetch("SELEKT")
        watch = Watch()
        async with connection.transaction():
            cursor = await connection.cursor("SELECT generate_series(1, 100)")
            rows = []
            while got := await cursor.fetch(30):
                rows += got
        trips = watch.trips()
        with pytest.raises(ZeroDivisionError):
            await created_and_rolled_back(connection)
        there = await connection.fetchval("SELECT to_regclass('gone') IS NOT NULL")
        await connection.close()
        return len(rows), trips, there

    # BEGIN, prepare, bind, four times 30 rows at most, COMMIT
    assert simulate(main) == (100, 8, False)


def test_types_are_introspected_once():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.execute("CREATE TYPE pg_temp.pair AS (a int, b text)")
        watch = Watch()
        first = await connection.fetchval("SELECT ROW(1, 'x')::pg_temp.pair")
        introspected = watch.trips()
        second = await connection.fetchval("SELECT ROW(1, 'x')::pg_temp.pair")
        again = watch.trips()
        await connection.close()
        return first == second, introspected > again, again

    assert simulate(main) == (True, True, 1)


def test_notifications_arrive_half_a_round_trip_after_the_commit():
    async def main(gate):
        listener, speaker = await asyncpg.connect(URL), await asyncpg.connect(URL)
        heard = []
        await listener.add_listener("news", lambda *what: heard.append((now_ns(), what[2:])))
        start = now_ns()
        await speaker.execute("NOTIFY news, 'one'")
        async with speaker.transaction():
            await speaker.execute("SELECT pg_notify('news', 'two')")
            await asyncio.sleep(1)
        await asyncio.sleep(1)
        await listener.close()
        await speaker.close()
        return [((at - start) / MS, what) for at, what in heard]

    assert simulate(main) == [(20.0, ("news", "one")), (1080.0, ("news", "two"))]


def test_bandwidth_counts_the_bytes_of_the_answer():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.fetchval("SELECT repeat('x', $1)", 1)
        start = now_ns()
        await connection.fetchval("SELECT repeat('x', $1)", 1_000_000)
        took = now_ns() - start
        await connection.close()
        return took

    took_ns = simulate(main, link=Link(rtt_ns=0, bandwidth_bytes_per_s=1_000_000))
    assert 1_000 * MS < took_ns < 1_001 * MS


def test_a_server_that_nobody_listens_for_refuses():
    async def main(gate):
        with pytest.raises(ConnectionRefusedError):
            await asyncpg.connect(host=HOST, port=5433, user="postgres")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="nobody-here"):
            await asyncpg.connect(URL, user="nobody-here")
        with pytest.raises(ConnectionError):
            await asyncpg.connect(URL, ssl="require")

    simulate(main)


def test_what_the_client_sets_is_seen_and_nothing_else():
    async def main(gate):
        assert gate.plans_come
        connection = await asyncpg.connect(URL, server_settings={"search_path": "pg_temp", "jit": "on"})
        shown = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("search_path", "jit", "client_min_messages")
        ]
        notices = []
        connection.add_log_listener(lambda _, message: notices.append(message.message))
        await connection.execute("DO $$ BEGIN RAISE NOTICE 'seen'; END $$")
        await connection.execute("RESET ALL; SET client_min_messages = error")
        await connection.fetch("SELECT * FROM pg_class")
        read = gate.counters()["rows_read"]
        await connection.close()
        return shown, notices, read > 300

    assert simulate(main, FREE) == (["pg_temp", "on", "notice"], ["seen"], True)
