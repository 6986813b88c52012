import asyncio
import inspect
import io

import asyncpg
import pytest

import perfkit
from perfkit.probes import asyncpg as probe
from tests.postgres import postgres

KINDS = ("query", "transaction", "connect")
CREATE = "CREATE TEMP TABLE t (id int PRIMARY KEY, name text)"
INSERT = "INSERT INTO t VALUES (?, ?), ..."
FILE = "tests/probes/test_asyncpg.py"


@pytest.fixture(autouse=True)
def _watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def dsn():
    return postgres()


@pytest.fixture
def run(dsn):
    """Record ``main(conn)`` with a connection that has an empty table t."""

    def recorded(main, **options):
        async def whole():
            conn = await asyncpg.connect(dsn)
            try:
                await conn.execute(CREATE)
                with perfkit.record(**options) as rec:
                    await main(conn)
            finally:
                await conn.close()
            return rec

        return asyncio.run(whole())

    return recorded


def seen(rec, *kinds):
    return rec.trace.of_kind(*(kinds or KINDS))


def told(rec, *facts):
    """Of each span its name and some of its facts."""
    return [(s.name, *(s.attrs.get(fact) for fact in facts)) for s in seen(rec)]


def line():
    return inspect.currentframe().f_back.f_lineno


def test_a_connection_and_its_statements(dsn):
    async def main():
        with perfkit.record() as rec:
            conn = await asyncpg.connect(dsn)
            assert await conn.execute(CREATE) == "CREATE TABLE"
            assert await conn.execute("INSERT INTO t VALUES ($1, $2)", 1, "a") == "INSERT 0 1"
            assert len(await conn.fetch("SELECT * FROM t WHERE id < 5")) == 1
            assert (await conn.fetchrow("SELECT * FROM t WHERE id = $1", 1))["name"] == "a"
            assert await conn.fetchval("SELECT name FROM t") == "a"
            assert await conn.execute("UPDATE t SET name = 'b'; SELECT 1") == "SELECT 1"
            await conn.close()
        return rec

    rec = asyncio.run(main())
    host = dsn.rpartition("@")[2].partition("/")[0]
    assert told(rec, "rows", "transaction", "many") == [
        (f"connect {host}", None, None, None),
        (CREATE, None, False, None),
        (INSERT, 1, False, None),
        ("SELECT * FROM t WHERE id < ?", 1, False, None),
        ("SELECT * FROM t WHERE id = ?", 1, False, None),
        ("SELECT name FROM t", 1, False, None),
        ("UPDATE t SET name = ?; SELECT ?", 1, False, None),
    ]
    assert [s.kind for s in seen(rec)] == ["connect", *["query"] * 6]
    place = {(s.attrs["system"], s.attrs["host"], s.attrs["database"]) for s in seen(rec)}
    assert place == {("postgresql", host, "postgres")}
    assert all(s.attrs["sql"] == s.name for s in seen(rec, "query"))
    assert {s.site.function for s in seen(rec)} == {"test_a_connection_and_its_statements.main"}


def test_each_connection_has_its_number(dsn, run):
    async def main(one):
        two = await asyncpg.connect(dsn)
        for conn in (one, two, one):
            await conn.fetch("SELECT 1")
        await two.close()

    first, second, third = (s.attrs["connection"] for s in seen(run(main), "query"))
    assert first == third != second


def test_the_site_is_the_line_that_awaits(run):
    async def main(conn):
        await conn.execute("SELECT 1")
        await conn.fetch("SELECT 1")
        await conn.executemany("SELECT $1::int", [(1,)])
        statement = await conn.prepare("SELECT 1")
        await statement.fetchval()
        async with conn.transaction():
            pass
        main.line = line() - 7

    first = run(main)
    assert [(s.site.file, s.site.line - main.line, s.site.function) for s in seen(first)] == [
        (FILE, number, "test_the_site_is_the_line_that_awaits.main") for number in (0, 1, 2, 3, 4, 5, 5)
    ]


def test_transactions(run):
    async def main(conn):
        async with conn.transaction(isolation="serializable"):
            await conn.execute("SELECT 1")
            with pytest.raises(ZeroDivisionError):
                async with conn.transaction():
                    raise ZeroDivisionError
        transaction = conn.transaction()
        await transaction.start()
        await transaction.rollback()

    assert [(s.kind, s.name, s.attrs["transaction"]) for s in seen(run(main))] == [
        ("transaction", "BEGIN ISOLATION LEVEL SERIALIZABLE", False),
        ("query", "SELECT ?", True),
        ("transaction", "SAVEPOINT ?", True),
        ("transaction", "ROLLBACK TO ?", True),
        ("transaction", "COMMIT", True),
        ("transaction", "BEGIN", False),
        ("transaction", "ROLLBACK", True),
    ]


@pytest.mark.parametrize(
    ("sets", "many", "hashed"),
    [([(1, "a"), (2, "b"), (3, "c")], 3, True), (iter([(1, "a"), (2, "b")]), 2, False), ([], 0, False)],
    ids=["list", "iterator", "nothing"],
)
def test_executemany(run, sets, many, hashed):
    async def main(conn):
        await conn.executemany("INSERT INTO t VALUES ($1, $2)", sets)
        main.stored = await conn.fetchval("SELECT count(*) FROM t")

    span, _ = seen(run(main))
    assert main.stored == many
    assert (span.name, span.attrs["many"], bool(span.attrs["params"])) == (INSERT, many, hashed)
    assert "rows" not in span.attrs


def test_fetchmany_and_many_of_a_prepared_statement(run):
    async def main(conn):
        text = "INSERT INTO t VALUES ($1, 'x') RETURNING id"
        assert len(await conn.fetchmany(text, [(1,), (2,)])) == 2
        statement = await conn.prepare(text)
        assert len(await statement.fetchmany([(3,), (4,), (5,)])) == 3
        await statement.executemany(iter([(6,)]))

    assert told(run(main), "many", "rows") == [
        (f"{INSERT} RETURNING id", 2, 2),
        (f"PREPARE {INSERT} RETURNING id", None, None),
        (f"{INSERT} RETURNING id", 3, 3),
        (f"{INSERT} RETURNING id", 1, None),
    ]


def test_prepared_statements(run):
    async def main(conn):
        statement = await conn.prepare("SELECT generate_series(1, $1::int)")
        assert len(await statement.fetch(3)) == 3
        assert await statement.fetchval(3) == 1
        assert (await statement.fetchrow(2))[0] == 1
        await statement.explain(2)

    assert told(run(main), "rows") == [
        ("PREPARE SELECT generate_series(?, ?::int)", None),
        *[("SELECT generate_series(?, ?::int)", rows) for rows in (3, 1, 1)],
        ("EXPLAIN (FORMAT JSON, VERBOSE) SELECT generate_series(?, ?::int)", 1),
    ]


def test_cursors(run):
    async def main(conn):
        async with conn.transaction():
            numbers = [row[0] async for row in conn.cursor("SELECT generate_series(1, $1::int)", 120)]
            assert numbers == [*range(1, 121)]
            assert [row async for row in conn.cursor("SELECT 1 WHERE false")] == []
            cursor = await conn.cursor("SELECT generate_series(1, 9)")
            assert await cursor.fetchrow() == (1,)
            assert await cursor.forward(3) == 3
            assert len(await cursor.fetch(5)) == 5
            assert await cursor.fetch(5) == []
            statement = await conn.prepare("SELECT generate_series(1, 3)")
            assert len([row async for row in statement.cursor(prefetch=2)]) == 3

    assert told(run(main), "rows", "transaction")[1:-1] == [
        ("SELECT generate_series(?, ?::int)", 50, True),
        ("FETCH FORWARD ? FROM cursor", 50, True),
        ("FETCH FORWARD ? FROM cursor", 20, True),
        ("SELECT ? WHERE ?", 0, True),
        ("SELECT generate_series(?, ?)", None, True),
        ("FETCH FORWARD ? FROM cursor", 1, True),
        ("MOVE FORWARD ? FROM cursor", None, True),
        ("FETCH FORWARD ? FROM cursor", 5, True),
        ("FETCH FORWARD ? FROM cursor", 0, True),
        ("PREPARE SELECT generate_series(?, ?)", None, True),
        ("SELECT generate_series(?, ?)", 2, True),
        ("FETCH FORWARD ? FROM cursor", 1, True),
    ]


def test_copies(run):
    async def main(conn):
        assert await conn.copy_records_to_table("t", records=[(1, "s3cr3t"), (2, "s3cr3t")]) == "COPY 2"
        await conn.copy_records_to_table(
            "t", records=[(3,)], columns=["id"], schema_name="pg_temp", where="id < 77"
        )
        await conn.copy_to_table("t", source=io.BytesIO(b"4\ts3cr3t\n"))
        await conn.copy_from_table("t", columns=["id"], output=io.BytesIO())
        await conn.copy_from_query("SELECT * FROM t WHERE name = $1", "s3cr3t", output=io.BytesIO())
        with pytest.raises(asyncpg.UniqueViolationError):
            await conn.copy_records_to_table("t", records=[(1, "x")])

    rec = run(main)
    assert [(s.name, s.attrs.get("rows"), s.error) for s in seen(rec)] == [
        ('COPY "t" FROM STDIN(FORMAT binary)', 2, None),
        ('COPY "pg_temp"."t" ("id") FROM STDIN(FORMAT binary) WHERE id < ?', 1, None),
        ('COPY "t" FROM STDIN', 1, None),
        ('COPY "t" ("id") TO STDOUT', 4, None),
        ("COPY (SELECT * FROM t WHERE name = ?) TO STDOUT", 3, None),
        ('COPY "t" FROM STDIN(FORMAT binary)', None, "UniqueViolationError"),
    ]
    assert "s3cr3t" not in repr(rec.trace)


def test_what_feeds_a_copy_is_recorded_beside_it(dsn, run):
    async def main(conn):
        other = await asyncpg.connect(dsn)

        async def rows():
            for number in range(2):
                yield (await other.fetchval("SELECT $1::int", number), "x")

        await conn.copy_records_to_table("t", records=rows())
        await other.close()

    copied, first, second = seen(run(main), "query")
    assert (copied.attrs["rows"], first.parent, second.parent) == (2, None, None)
    assert copied.start_ns < first.start_ns < second.end_ns < copied.end_ns


def test_parameters_are_hashed_and_kept_only_if_asked(run):
    async def main(conn):
        for value in ("s3cr3t", "other", "s3cr3t"):
            await conn.fetch("SELECT $1::text, 's3cr3t'", value)

    rec = run(main)
    first, second, third = (s.attrs["params"] for s in seen(rec))
    assert first == third != second
    assert "s3cr3t" not in repr(rec.trace)
    assert "s3cr3t" in seen(run(main, keep_values=True))[0].attrs["values"]


def test_what_asyncpg_asks_on_its_own_account_is_not_recorded(dsn):
    async def released():
        async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
            with perfkit.record() as rec:
                async with pool.acquire() as conn:
                    await conn.execute("SELECT 1")
        return rec

    async def asked():
        conn = await asyncpg.connect(dsn)
        async with conn.transaction():
            await conn.execute("CREATE TYPE mood AS ENUM ('a', 'b')")
            with perfkit.record() as rec:
                await conn.set_type_codec("json", encoder=str, decoder=str, schema="pg_catalog")
                assert await conn.fetchval("SELECT ARRAY['b']::mood[]") == ["b"]
                assert [row[0] async for row in conn.cursor("SELECT 'a'::mood")] == ["a"]
            await conn.execute("DROP TYPE mood")
        await conn.close()
        return rec

    assert [s.name for s in seen(asyncio.run(released()))] == ["SELECT ?"]
    assert [s.name for s in seen(asyncio.run(asked()))] == ["SELECT ARRAY[?, ...]::mood[]", "SELECT ?::mood"]


def test_gathered_queries_of_a_pool(dsn):
    async def one(pool, number):
        with perfkit.span(f"task {number}"):
            rows = await pool.fetch("SELECT pg_sleep(0.001), generate_series(1, $1::int)", number)
            one.line = line() - 1
            return len(rows)

    async def main():
        async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
            with perfkit.record() as rec:
                assert await asyncio.gather(*(one(pool, n) for n in range(1, 6))) == [1, 2, 3, 4, 5]
        return rec

    rec = asyncio.run(main())
    tasks = {s.id: s.name for s in rec.trace.of_kind("span")}
    queries = seen(rec, "query")
    assert seen(rec, "connect") == []
    assert sorted((tasks[s.parent], s.attrs["rows"]) for s in queries) == [
        (f"task {number}", number) for number in range(1, 6)
    ]
    assert {(s.site.line, s.site.function) for s in queries} == {
        (one.line, "test_gathered_queries_of_a_pool.one")
    }
    assert len({s.attrs["connection"] for s in queries}) == 2
    waits = [s for s in seen(rec, "wait") if s.name == probe.WAIT]
    assert sorted(tasks[s.parent] for s in waits) == ["task 3", "task 4", "task 5"]
    assert {s.site.line for s in waits} == {one.line}


def test_a_pool_connects_when_it_grows_only(dsn):
    async def main():
        with perfkit.record() as rec:
            async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
                for _ in range(3):
                    async with pool.acquire() as conn:
                        await conn.execute("SELECT 1")
        return rec

    assert [s.kind for s in seen(asyncio.run(main()))] == ["connect", "query", "query", "query"]


def test_a_wait_that_runs_out(dsn):
    async def main():
        async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool, pool.acquire():
            with perfkit.record() as rec, pytest.raises(TimeoutError):
                await pool.acquire(timeout=0.02)
        return rec

    (wait,) = [s for s in asyncio.run(main()).trace.spans if s.name == probe.WAIT]
    assert (wait.kind, wait.error, wait.site.function) == (
        "wait",
        "TimeoutError",
        "test_a_wait_that_runs_out.main",
    )


def test_errors_pass_untouched(run):
    async def main(conn):
        with pytest.raises(asyncpg.UndefinedTableError, match="nowhere"):
            await conn.fetch("SELECT * FROM nowhere WHERE name = 's3cr3t'")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await conn.execute("SELECT 1 / 0")
        with pytest.raises(asyncpg.UniqueViolationError):
            await conn.executemany("INSERT INTO t VALUES ($1, 's3cr3t')", [(1,), (1,)])
        async with conn.transaction():
            cursor = conn.cursor("SELECT 1 / (3 - generate_series(1, 9))", prefetch=2)
            with pytest.raises(asyncpg.DivisionByZeroError):
                async for _ in cursor:
                    pass

    rec = run(main)
    assert [(s.name, s.error) for s in seen(rec)] == [
        ("SELECT * FROM nowhere WHERE name = ?", "UndefinedTableError"),
        ("SELECT ? / ?", "DivisionByZeroError"),
        (INSERT, "UniqueViolationError"),
        ("BEGIN", None),
        ("SELECT ? / (? - generate_series(?, ?))", None),
        ("FETCH FORWARD ? FROM cursor", "DivisionByZeroError"),
        ("COMMIT", None),
    ]
    assert "s3cr3t" not in repr(rec.trace)


def test_cancellation(run):
    async def main(conn):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(sleeping(conn)), 0.05)
        assert await conn.fetchval("SELECT 7") == 7
        with pytest.raises(TimeoutError):
            await conn.fetch("SELECT pg_sleep(30)", timeout=0.05)
        assert await conn.fetchval("SELECT 8") == 8

    async def sleeping(conn):
        await conn.execute("SELECT pg_sleep(30)")

    assert [(s.name, s.error, s.site.function) for s in seen(run(main))] == [
        ("SELECT pg_sleep(?)", "CancelledError", "test_cancellation.sleeping"),
        ("SELECT ?", None, "test_cancellation.main"),
        ("SELECT pg_sleep(?)", "TimeoutError", "test_cancellation.main"),
        ("SELECT ?", None, "test_cancellation.main"),
    ]


def test_what_does_not_reach_the_server_is_no_query(dsn, run):
    async def main(conn):
        closed = await asyncpg.connect(dsn)
        statement = await closed.prepare("SELECT 1")
        await closed.close()
        with perfkit.record() as main.rec:
            for call in (
                lambda: closed.execute("SELECT 1"),
                lambda: closed.fetch("SELECT 1"),
                lambda: closed.executemany("SELECT $1", [(1,)]),
                lambda: closed.prepare("SELECT 1"),
                lambda: statement.fetch(),
                lambda: statement.executemany([(1,)]),
            ):
                with pytest.raises(asyncpg.InterfaceError):
                    await call()

    run(main)
    assert main.rec.trace.spans == []


class Odd:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


ODD = {
    "no text": lambda conn: conn.execute(5),
    "no text, with arguments": lambda conn: conn.fetch(5, 1),
    "an odd argument": lambda conn: conn.fetch("SELECT $1::int", Odd()),
    "no iterable": lambda conn: conn.executemany("SELECT $1::int", 5),
    "odd sets": lambda conn: conn.executemany("SELECT $1::int", iter([5])),
    "a prepared oddity": lambda conn: conn.prepare(5),
    "a copy of nothing": lambda conn: conn.copy_records_to_table("t", records=5),
    "a copy to nowhere": lambda conn: conn.copy_from_table("t", output=5),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_calls_end_as_they_do_without_the_probe(run, name):
    ends = []

    async def main(conn):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - compared below
            await asyncio.wait_for(ODD[name](conn), 2)
        ends.append((type(raised.value), raised.value.args))

    for watched in (False, True):
        (probe.install if watched else probe.remove)()
        run(main)
    assert ends[0] == ends[1]


def test_connects_that_fail_are_recorded(dsn):
    async def main():
        with perfkit.record() as rec:
            with pytest.raises(OSError, match="9"):
                await asyncpg.connect(dsn.rpartition(":")[0] + ":9/nowhere")
            with pytest.raises(asyncpg.InvalidCatalogNameError):
                await asyncpg.connect(dsn.rpartition("/")[0] + "/nowhere")
        return rec

    rec = asyncio.run(main())
    assert [(s.kind, s.attrs["database"], s.error) for s in seen(rec)] == [
        ("connect", "nowhere", "ConnectionRefusedError"),
        ("connect", "nowhere", "InvalidCatalogNameError"),
    ]
    assert "s3cr3t" not in repr(rec.trace)


def test_nothing_is_recorded_outside_a_recording(dsn):
    async def main():
        conn = await asyncpg.connect(dsn)
        await conn.execute("SELECT 1")
        with perfkit.record() as rec:
            pass
        await conn.fetch("SELECT 1")
        statement = await conn.prepare("SELECT $1::int")
        await statement.executemany([(1,)])
        async with conn.transaction():
            cursor = await conn.cursor("SELECT 1")
            assert await cursor.forward(1) == 1
            assert [row async for row in conn.cursor("SELECT 2")] == [(2,)]
        await conn.close()
        return rec

    assert asyncio.run(main()).trace.spans == []


def test_instrumenting_is_idempotent_and_reversible():
    from asyncpg import connect_utils, cursor, pool, prepared_stmt

    owners = (
        *(connect_utils, pool.Pool, asyncpg.Connection, prepared_stmt.PreparedStatement),
        *(cursor.BaseCursor, cursor.Cursor, cursor.CursorIterator),
    )

    def now():
        return {(owner, name): value for owner in owners for name, value in vars(owner).items()}

    probe.remove()
    plain = now()
    probe.install()
    watched = now()
    probe.install()
    assert now() == watched != plain
    assert all(
        inspect.iscoroutinefunction(watched[key]) == inspect.iscoroutinefunction(plain[key]) for key in plain
    )
    probe.remove()
    probe.remove()
    assert now().keys() == plain.keys()
    assert all(now()[key] is plain[key] for key in plain)
