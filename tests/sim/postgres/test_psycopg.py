import asyncio
import subprocess
import sys
from pathlib import Path

import psycopg
import psycopg_pool
import pytest

from perfkit.sim import Link
from perfkit.sim.postgres import Costs
from tests.postgres import postgres
from tests.sim.postgres.support import MS, URL, Watch, now_ns, simulate

ROOT = Path(__file__).parents[3]


def test_a_coroutine_awaits_each_query_for_a_round_trip():
    async def main(gate):
        watch = Watch()
        connection = await psycopg.AsyncConnection.connect(URL, autocommit=True)
        connecting = watch.trips()
        for i in range(200):
            row = await (await connection.execute("SELECT %s::int + 1", (i,))).fetchone()
            assert row == (i + 1,)
        queries = watch.trips()
        await connection.close()
        return connecting, queries

    # psycopg prepares what it executes for the sixth time: once more there and back
    assert simulate(main) == (3, 201)


def test_sync_code_blocks_for_as_long():
    async def main(gate):
        ticks = []

        async def tick():
            while True:
                ticks.append(now_ns())
                await asyncio.sleep(0.001)

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0)
        watch = Watch()
        with psycopg.connect(URL, autocommit=True) as connection:
            connecting = watch.trips()
            for i in range(200):
                assert connection.execute("SELECT %s::int + 1", (i,)).fetchone() == (i + 1,)
            queries = watch.trips()
        ticking.cancel()
        return connecting, queries, len(ticks)

    assert simulate(main) == (3, 201, 1)


def test_a_gather_of_ten_connections_takes_one_round_trip():
    async def main(gate):
        connections = [await psycopg.AsyncConnection.connect(URL, autocommit=True) for _ in range(10)]
        watch = Watch()
        await asyncio.gather(*(connection.execute("SELECT 1") for connection in connections))
        trips = watch.trips()
        for connection in connections:
            await connection.close()
        return trips

    assert simulate(main) == 1


@pytest.mark.parametrize("sync", [False, True])
def test_a_pipeline_of_a_thousand_takes_one_round_trip(sync):
    async def main(gate):
        if sync:
            with psycopg.connect(URL, autocommit=True) as connection:
                watch = Watch()
                with connection.pipeline():
                    cursors = [connection.execute("SELECT %s::int", (i,)) for i in range(1_000)]
                    return [cursor.fetchone()[0] for cursor in cursors], watch.trips()
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            watch = Watch()
            async with connection.pipeline():
                cursors = [await connection.execute("SELECT %s::int", (i,)) for i in range(1_000)]
                return [(await cursor.fetchone())[0] for cursor in cursors], watch.trips()

    got, trips = simulate(main)
    assert got == list(range(1_000))
    assert trips == 1


async def piped(connection, *statements):
    async with connection.pipeline():
        for statement in statements:
            await connection.execute(statement)


def test_an_error_in_a_pipeline_aborts_what_follows_it():
    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            with pytest.raises(psycopg.errors.DivisionByZero):
                await piped(connection, "SELECT 1", "SELECT 1 / 0", "SELECT 2")
            return (await (await connection.execute("SELECT 3")).fetchone())[0]

    assert simulate(main) == 3


def test_executemany_goes_through_a_pipeline():
    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            await connection.execute("CREATE TEMP TABLE t (a int)")
            watch = Watch()
            await connection.cursor().executemany("INSERT INTO t VALUES (%s)", [(i,) for i in range(500)])
            trips = watch.trips()
            count = (await (await connection.execute("SELECT count(*) FROM t")).fetchone())[0]
        return trips, count

    assert simulate(main) == (1, 500)


@pytest.mark.parametrize("sync", [False, True])
def test_copy_in_and_out(sync):
    rows = 20_000

    async def asynchronous():
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            await connection.execute("CREATE TEMP TABLE t (a int, b text)")
            watch = Watch()
            async with connection.cursor().copy("COPY t FROM STDIN") as copy:
                for i in range(rows):
                    await copy.write_row((i, "x" * 100))
            trips = watch.trips()
            async with connection.cursor().copy("COPY t TO STDOUT") as copy:
                return trips, len([row async for row in copy.rows()])

    def synchronous():
        with psycopg.connect(URL, autocommit=True) as connection:
            connection.execute("CREATE TEMP TABLE t (a int, b text)")
            watch = Watch()
            with connection.cursor().copy("COPY t FROM STDIN") as copy:
                for i in range(rows):
                    copy.write_row((i, "x" * 100))
            trips = watch.trips()
            with connection.cursor().copy("COPY t TO STDOUT") as copy:
                return trips, len(list(copy.rows()))

    async def main(gate):
        return synchronous() if sync else await asynchronous()

    assert simulate(main) == (2, rows)


async def copied(connection, numbers):
    async with connection.cursor().copy("COPY t FROM STDIN") as copy:
        for number in numbers:
            await copy.write_row((number,))


def test_a_failed_copy_leaves_the_connection_usable():
    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            await connection.execute("CREATE TEMP TABLE t (a int PRIMARY KEY)")
            with pytest.raises(psycopg.errors.UniqueViolation):
                await copied(connection, [1, 1])
            with pytest.raises(ZeroDivisionError):
                await copied(connection, (1 // i for i in (1, 0)))
            return (await (await connection.execute("SELECT count(*) FROM t")).fetchone())[0]

    assert simulate(main) == 0


@pytest.mark.parametrize("sync", [False, True])
def test_a_narrow_link_holds_the_writer_up(sync):
    """3 MB each way at 1 MB/s: more than sockets and write buffers take."""
    link = Link(rtt_ns=0, bandwidth_bytes_per_s=1_000_000)
    large = "x" * 3_000_000

    async def main(gate):
        start = now_ns()
        if sync:
            with psycopg.connect(URL, autocommit=True) as connection:
                got = connection.execute("SELECT %s::text", (large,)).fetchone()[0]
        else:
            async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
                got = (await (await connection.execute("SELECT %s::text", (large,))).fetchone())[0]
        return got == large, (now_ns() - start) // (10 * MS)

    assert simulate(main, link=link) == (True, 600)


def test_transactions_and_server_side_cursors():
    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            watch = Watch()
            async with connection.cursor("named") as cursor:
                await cursor.execute("SELECT generate_series(1, 100)")
                cursor.itersize = 40
                rows = [row async for row in cursor]
            await connection.rollback()
            return len(rows), watch.trips()

    # BEGIN, DECLARE and DESCRIBE, three FETCHes, CLOSE, ROLLBACK
    rows, trips = simulate(main)
    assert (rows, trips) == (100, 8)


def test_notifications_and_their_timeout():
    async def main(gate):
        async with (
            await psycopg.AsyncConnection.connect(URL, autocommit=True) as listener,
            await psycopg.AsyncConnection.connect(URL, autocommit=True) as speaker,
        ):
            await listener.execute("LISTEN news")
            start = now_ns()
            heard = [note async for note in listener.notifies(timeout=1.5)]
            silence = (now_ns() - start) // MS  # before psycopg 3.3 it is a nanosecond more

            async def speak():
                await asyncio.sleep(0.5)
                await speaker.execute("NOTIFY news, 'hello'")

            speaking = asyncio.create_task(speak())
            start = now_ns()
            note = await anext(listener.notifies())
            await speaking
            return heard, silence, note.payload, now_ns() - start

    assert simulate(main) == ([], 1_500, "hello", 520 * MS)


def test_the_connection_says_that_it_is_with_the_simulated_host():
    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            info = connection.info
            return info.host, info.port, info.hostaddr, info.dbname, "port=5432" in repr(connection)

    host, port, address, name, named = simulate(main)
    assert (host, port, name, named) == ("db.test", 5432, "postgres", True)
    assert address.startswith("198.18.")


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        (URL.replace("db.test", "nowhere.test"), "failed to resolve host 'nowhere.test'"),
        (URL.replace("5432", "5433"), "5433"),
        (
            URL.replace("postgres@", "nobody-here@"),
            'port 5432 failed: FATAL:  role "nobody-here" does not exist',
        ),
        (f"{URL}?sslmode=require", "server does not support SSL"),
    ],
)
def test_what_goes_wrong_is_said_as_always(dsn, message):
    async def main(gate):
        with pytest.raises(psycopg.OperationalError) as sync_error:
            psycopg.connect(dsn)
        with pytest.raises(psycopg.OperationalError) as async_error:
            await psycopg.AsyncConnection.connect(dsn)
        return str(sync_error.value), str(async_error.value)

    said = simulate(main)
    assert all(message in text for text in said)
    assert said[0] == said[1]


def test_a_statement_is_cancelled_while_it_waits_for_a_lock():
    async def main(gate):
        async with (
            await psycopg.AsyncConnection.connect(URL) as first,
            await psycopg.AsyncConnection.connect(URL, autocommit=True) as second,
        ):
            await first.execute("SELECT pg_advisory_xact_lock(7)")
            start = now_ns()

            async def cancel():
                await asyncio.sleep(0.5)
                await second.cancel_safe()

            cancelling = asyncio.create_task(cancel())
            with pytest.raises(psycopg.errors.QueryCanceled):
                await second.execute("SELECT pg_advisory_xact_lock(7)")
            took = now_ns() - start
            await cancelling
            start = now_ns()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(second.execute("SELECT pg_advisory_xact_lock(7)"), 0.3)
            return took, now_ns() - start, (await (await second.execute("SELECT 1")).fetchone())[0]

    cancelled, timed_out, usable = simulate(main)
    # connecting, the TLS that is refused, and half a trip each for the request and the error
    assert cancelled == 560 * MS
    assert 300 * MS < timed_out < 400 * MS
    assert usable == 1


def test_the_older_way_to_cancel_blocks_the_caller_only():
    async def main(gate):
        async with (
            await psycopg.AsyncConnection.connect(URL) as first,
            await psycopg.AsyncConnection.connect(URL, autocommit=True) as second,
        ):
            await first.execute("SELECT pg_advisory_xact_lock(7)")
            waiting = asyncio.create_task(second.execute("SELECT pg_advisory_xact_lock(7)"))
            await asyncio.sleep(0.1)
            second.cancel()
            with pytest.raises(psycopg.errors.QueryCanceled):
                await waiting

    simulate(main)


def test_a_pool_grows_lends_and_closes():
    async def main(gate):
        async with psycopg_pool.AsyncConnectionPool(URL, min_size=4, max_size=4, open=False) as pool:
            await pool.wait()
            watch = Watch()

            async def one(i):
                async with pool.connection() as connection:
                    return (await (await connection.execute("SELECT %s::int", (i,))).fetchone())[0]

            got = await asyncio.gather(*(one(i) for i in range(20)))
            return got, watch.trips()

    # each use is BEGIN with the query, and COMMIT: three round trips, five times
    assert simulate(main) == (list(range(20)), 15)


def test_service_time_is_the_same_for_every_driver():
    costs = Costs(parse_ns=0, connect_ns=0, statement_ns=7 * MS)

    async def main(gate):
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as connection:
            start = now_ns()
            await connection.execute("SELECT 1")
            awaited = now_ns() - start
        with psycopg.connect(URL, autocommit=True) as connection:
            start = now_ns()
            connection.execute("SELECT 1")
            return awaited, now_ns() - start

    expected = 27 * MS + costs.row_returned_ns
    assert simulate(main, costs) == (expected, expected)


def test_psycopg_is_itself_again_afterwards():
    before = psycopg.waiting.wait, psycopg.waiting.wait_async, psycopg.AsyncConnection.close

    async def main(gate):
        assert psycopg.waiting.wait is not before[0]

    simulate(main)
    assert (psycopg.waiting.wait, psycopg.waiting.wait_async, psycopg.AsyncConnection.close) == before


def test_a_real_connection_from_before_stays_real():
    with psycopg.connect(postgres(), autocommit=True) as real:

        async def main(gate):
            start = now_ns()
            return real.execute("SELECT 7").fetchone(), now_ns() - start, real.info.port

        assert simulate(main) == ((7,), 0, real.info.port)


def test_psycopg_may_be_imported_in_the_simulation():
    """Whether a recording watches that import or not."""
    program = f"""
import sys
import perfkit
from tests.sim.postgres import support

async def main(gate):
    import psycopg
    async with await psycopg.AsyncConnection.connect(support.URL, autocommit=True) as connection:
        watch = support.Watch()
        await connection.execute("SELECT 1")
        return watch.trips()

assert "psycopg" not in sys.modules
with perfkit.record() as recording:
    assert support.simulate(main, server={postgres()!r}) == 1
assert recording.counts["query"] == 1, recording.counts
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_unix_socket_is_refused():
    async def main(gate):
        with pytest.raises(NotImplementedError, match="Unix socket"):
            psycopg.connect("host=/tmp user=postgres")

    simulate(main)
