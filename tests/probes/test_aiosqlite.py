import asyncio
import inspect
import sqlite3

import aiosqlite
import pytest

import perfkit
from perfkit.probes import aiosqlite as probe
from perfkit.probes import sqlite3 as sqlite3_probe

KINDS = ("query", "transaction", "connect")
CREATE = "CREATE TABLE t (id int PRIMARY KEY, name text)"
INSERT = "INSERT INTO t VALUES (?, ?), ..."
FILE = "tests/probes/test_aiosqlite.py"


@pytest.fixture(autouse=True, params=["sqlite3 watched too", "sqlite3 not watched"])
def _watched(request):
    probe.install()
    (sqlite3_probe.install if request.param == "sqlite3 watched too" else sqlite3_probe.remove)()
    yield
    probe.remove()
    sqlite3_probe.remove()


def record(**options):
    """A recording that switches on no other probe of a database."""
    return perfkit.record(probes="aiohttp", **options)


def run(main, **options):
    """Record ``main(db)`` with a connection that has an empty table t."""

    async def whole():
        async with aiosqlite.connect(":memory:") as db:
            await db.execute(CREATE)
            await db.commit()
            with record(**options) as rec:
                await main(db)
        return rec

    return asyncio.run(whole())


def seen(rec, *kinds):
    return rec.trace.of_kind(*(kinds or KINDS))


def told(rec, *facts):
    """Of each span its name and some of its facts."""
    return [(s.name, *(s.attrs.get(fact) for fact in facts)) for s in seen(rec)]


def line():
    return inspect.currentframe().f_back.f_lineno


def test_a_connection_its_statements_and_its_commit(tmp_path):
    async def main():
        with record() as rec:
            async with aiosqlite.connect(tmp_path / "s3cr3t-folder" / ".." / "shop.db") as db:
                await db.execute(CREATE)
                await db.execute("INSERT INTO t VALUES (?, ?)", (1, "a"))
                await db.commit()
                async with db.execute("SELECT * FROM t WHERE id < 5") as cursor:
                    assert await cursor.fetchall() == [(1, "a")]
        return rec

    (tmp_path / "s3cr3t-folder").mkdir()
    rec = asyncio.run(main())
    assert [
        (s.kind, *facts) for s, facts in zip(seen(rec), told(rec, "rows", "transaction"), strict=True)
    ] == [
        ("connect", "connect shop.db", None, None),
        ("query", CREATE, None, False),
        ("query", INSERT, 1, False),
        ("transaction", "COMMIT", None, None),
        ("query", "SELECT * FROM t WHERE id < ?", 1, False),
    ]
    place = {(s.attrs["system"], s.attrs["host"], s.attrs["database"]) for s in seen(rec)}
    assert place == {("sqlite", "", "shop.db")}
    assert {s.attrs["library"] for s in seen(rec)} == {"aiosqlite"}
    assert {s.site.function for s in seen(rec)} == {"test_a_connection_its_statements_and_its_commit.main"}
    assert "s3cr3t" not in repr(rec.trace)
    assert len(rec.trace.spans) == 5


def test_each_connection_has_its_number():
    async def main(one):
        async with aiosqlite.connect(":memory:") as two:
            for db in (one, two, one):
                await db.execute("SELECT 1")

    first, second, third = (s.attrs["connection"] for s in seen(run(main), "query"))
    assert first == third != second


def test_the_site_is_the_line_that_awaits():
    async def main(db):
        await db.execute("SELECT 1")
        async with db.execute("SELECT 1"):
            pass
        await db.execute_fetchall("SELECT 1")
        cursor = await db.cursor()
        await cursor.execute("SELECT 1")
        main.line = line() - 6

    rec = run(main)
    assert [(s.site.file, s.site.line - main.line, s.site.function) for s in rec.trace.spans] == [
        (FILE, number, "test_the_site_is_the_line_that_awaits.main") for number in (0, 1, 3, 5)
    ]


def test_every_way_to_execute():
    async def main(db):
        await db.execute_insert("INSERT INTO t VALUES (1, 's3cr3t')")
        await db.executemany("INSERT INTO t VALUES (?, ?)", [(2, "s3cr3t"), (3, "x")])
        await db.executemany("INSERT INTO t VALUES (?, ?)", iter([(4, "s3cr3t")]))
        await db.executescript("SELECT 1; SELECT 2")
        assert len(list(await db.execute_fetchall("SELECT * FROM t"))) == 4
        cursor = await db.cursor()
        await cursor.execute("UPDATE t SET name = :name", {"name": "s3cr3t"})
        await cursor.executemany("DELETE FROM t WHERE id = ?", [(1,), (2,)])
        await cursor.executescript("SELECT 3")
        await db.rollback()

    rec = run(main)
    assert told(rec, "many", "rows", "transaction") == [
        (INSERT, None, None, False),
        (INSERT, 2, 2, True),
        (INSERT, 0, 1, True),
        ("SELECT ?; SELECT ?", None, None, True),
        ("SELECT * FROM t", None, 4, False),
        ("UPDATE t SET name = ?", None, 4, False),
        ("DELETE FROM t WHERE id = ?", 2, 2, True),
        ("SELECT ?", None, None, True),
    ]
    assert len(rec.trace.spans) == 8
    assert "s3cr3t" not in repr(rec.trace)


def test_rows_are_counted_as_they_are_fetched():
    async def main(db):
        await db.executemany("INSERT INTO t VALUES (?, 'x')", [(number,) for number in range(100)])
        async with db.execute("SELECT * FROM t ORDER BY id") as cursor:
            assert await cursor.fetchone() == (0, "x")
            assert len(await cursor.fetchmany(5)) == 5
        async with db.execute("SELECT * FROM t") as cursor:
            async for row in cursor:
                if row[0] == 70:
                    break
        async with db.execute("SELECT * FROM t WHERE id < 0") as cursor:
            assert await cursor.fetchone() is None
        await db.execute("SELECT * FROM t")
        await db.rollback()

    assert told(run(main), "rows")[1:] == [
        ("SELECT * FROM t ORDER BY id", 6),
        ("SELECT * FROM t", 100),
        ("SELECT * FROM t WHERE id < ?", 0),
        ("SELECT * FROM t", None),
        ("ROLLBACK", None),
    ]


def test_a_cursor_counts_for_its_last_statement():
    async def main(db):
        cursor = await db.cursor()
        for number in (1, 2):
            await cursor.execute("SELECT ? UNION SELECT 0", (number,))
            assert len(await cursor.fetchall()) == 2

    assert told(run(main), "rows") == [("SELECT ? UNION SELECT ?", 2)] * 2


def test_parameters_are_hashed_and_kept_only_if_asked():
    async def main(db):
        for value in ("s3cr3t", "other", "s3cr3t"):
            await db.execute("SELECT ?, 's3cr3t'", (value,))

    rec = run(main)
    first, second, third = (s.attrs["params"] for s in seen(rec))
    assert first == third != second
    assert "s3cr3t" not in repr(rec.trace)
    assert "s3cr3t" in seen(run(main, keep_values=True))[0].attrs["values"]


def test_commits_and_rollbacks_with_nothing_to_end_are_none():
    async def main(db):
        await db.commit()
        await db.rollback()

    assert run(main).trace.spans == []


def test_gathered_queries_have_their_own_parents():
    async def one(db, number):
        with perfkit.span(f"task {number}"):
            await db.execute_fetchall("SELECT ? UNION SELECT 0", (number,))
            one.line = line() - 1

    async def main(db):
        await asyncio.gather(*(one(db, number) for number in range(1, 5)))

    rec = run(main)
    tasks = {s.id: s.name for s in rec.trace.of_kind("span")}
    assert [(tasks[s.parent], s.attrs["rows"]) for s in seen(rec)] == [
        (f"task {number}", 2) for number in range(1, 5)
    ]
    assert {(s.site.line, s.site.function) for s in seen(rec)} == {
        (one.line, "test_gathered_queries_have_their_own_parents.one")
    }


def test_what_a_function_of_the_application_does_lies_inside_the_query():
    async def main(db):
        def double(number):
            with perfkit.span("doubling"):
                return 2 * number

        await db.create_function("double", 1, double)
        assert list(await db.execute_fetchall("SELECT double(4)")) == [(8,)]

    query, doubling = run(main).trace.spans
    assert (doubling.name, doubling.parent, query.name) == ("doubling", query.id, "SELECT double(?)")


def test_errors_pass_untouched():
    async def main(db):
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await db.execute("SELECT * FROM nowhere WHERE name = 's3cr3t'")
        with pytest.raises(sqlite3.IntegrityError):
            await db.executemany("INSERT INTO t VALUES (?, 's3cr3t')", [(1,), (1,)])
        await db.rollback()

    rec = run(main)
    assert [(s.name, s.error) for s in rec.trace.spans] == [
        ("SELECT * FROM nowhere WHERE name = ?", "OperationalError"),
        (INSERT, "IntegrityError"),
        ("ROLLBACK", None),
    ]
    assert "s3cr3t" not in repr(rec.trace)


def test_cancellation():
    async def main(db):
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000000)"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await db.execute_fetchall(f"{numbers} SELECT count(*) FROM n")
        await db.interrupt()
        assert list(await db.execute_fetchall("SELECT 7")) == [(7,)]

    cancelled, other = run(main).trace.spans
    assert (cancelled.error, other.name, other.error) == ("CancelledError", "SELECT ?", None)
    assert cancelled.site.function == "test_cancellation.main"


def test_connects_that_fail_are_recorded(tmp_path):
    async def main():
        db = aiosqlite.connect(tmp_path / "nowhere" / "shop.db")
        with record() as rec, pytest.raises(sqlite3.OperationalError):
            await db
        await asyncio.to_thread(getattr(db, "_thread", db).join)
        return rec

    (span,) = asyncio.run(main()).trace.spans
    assert (span.kind, span.name, span.error) == ("connect", "connect shop.db", "OperationalError")


def test_what_does_not_reach_the_database_is_no_query():
    async def main():
        db = await aiosqlite.connect(":memory:")
        cursor = await db.execute("SELECT 1")
        await db.close()
        with record() as rec:
            with pytest.raises(ValueError, match="no active connection"):
                await db.execute("SELECT 1")
            with pytest.raises(ValueError, match="Connection closed"):
                await cursor.execute("SELECT 1")
        return rec

    assert asyncio.run(main()).trace.spans == []


class Odd:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize(
    "call",
    [(5,), ("SELECT ?", (Odd(),)), ("SELECT ?", 5), (b"SELECT 1",)],
    ids=["number", "odd", "no list", "bytes"],
)
def test_odd_calls_end_as_they_do_without_the_probe(call):
    ends = []

    async def main(db):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - compared below
            await db.execute(*call)
        ends.append((type(raised.value), raised.value.args))

    for watched in (False, True):
        (probe.install if watched else probe.remove)()
        run(main)
    assert ends[0] == ends[1]


def test_connections_made_by_a_function_of_the_application():
    async def main():
        with record() as rec:
            db = aiosqlite.Connection(lambda: sqlite3.connect(":memory:"), 64)
            async with db:
                await db.execute("SELECT 1")
        return rec

    connect, query = asyncio.run(main()).trace.spans
    assert (connect.kind, connect.attrs["database"], query.attrs["database"]) == ("connect", "", "")


def test_nothing_is_recorded_outside_a_recording():
    async def main(db):
        pass

    async def whole():
        async with aiosqlite.connect(":memory:") as db:
            await db.execute("SELECT 1")
            with record() as rec:
                pass
            await db.execute("SELECT 2")
        return rec

    assert run(main).trace.spans == asyncio.run(whole()).trace.spans == []


def test_instrumenting_is_idempotent_and_reversible():
    def now():
        return dict(vars(aiosqlite.Connection))

    probe.remove()
    plain = now()
    probe.install()
    watched = now()
    probe.install()
    assert now() == watched != plain
    probe.remove()
    probe.remove()
    assert now().keys() == plain.keys()
    assert all(now()[name] is plain[name] for name in plain)
