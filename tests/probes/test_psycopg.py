import asyncio
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import psycopg_pool
import pytest
from psycopg import sql

import perfkit
from perfkit.probes import psycopg as probe
from tests.postgres import postgres

KINDS = ("query", "transaction", "connect")
INSERT = "INSERT INTO t VALUES (?, ?), ..."


@pytest.fixture(autouse=True)
def _watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def dsn():
    return postgres()


@pytest.fixture
def conn(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
        connection.commit()
        yield connection


def seen(rec, *kinds):
    return rec.trace.of_kind(*(kinds or KINDS))


def told(rec, *facts):
    """Of each span its name and some of its facts."""
    return [(s.name, *(s.attrs.get(fact) for fact in facts)) for s in seen(rec)]


def line():
    return inspect.currentframe().f_back.f_lineno


def test_a_connection_its_statements_and_its_commit(dsn):
    with perfkit.record() as rec, psycopg.connect(dsn) as conn:
        conn.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
        conn.cursor().execute("INSERT INTO t VALUES (%s, %s)", (1, "a"))
        rows = conn.execute("SELECT * FROM t WHERE id < 5").fetchall()
    assert rows == [(1, "a")]
    host = dsn.rpartition("@")[2].partition("/")[0]
    assert told(rec, "rows", "transaction", "many") == [
        (f"connect {host}", None, None, None),
        ("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)", None, True, None),
        (INSERT, 1, True, None),
        ("SELECT * FROM t WHERE id < ?", 1, True, None),
        ("COMMIT", None, True, None),
    ]
    assert [s.kind for s in seen(rec)] == ["connect", "query", "query", "query", "transaction"]
    place = {(s.attrs["system"], s.attrs["host"], s.attrs["database"]) for s in seen(rec)}
    assert place == {("postgresql", host, "postgres")}
    assert all(s.attrs["sql"] == s.name for s in seen(rec, "query"))
    assert len({s.attrs["connection"] for s in seen(rec, "query", "transaction")}) == 1


def test_each_connection_has_its_number(dsn):
    with psycopg.connect(dsn) as one, psycopg.connect(dsn) as two, perfkit.record() as rec:
        for conn in (one, two, one):
            conn.execute("SELECT 1")
    first, second, third = (s.attrs["connection"] for s in seen(rec, "query"))
    assert first == third != second


def test_the_site_is_the_line_that_executes(conn):
    with perfkit.record() as rec:
        conn.execute("SELECT 1"), line()
        (conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a")]), line())
        conn.commit(), line()
        here = line() - 1
    assert [(s.site.file, s.site.line, s.site.function) for s in seen(rec)] == [
        ("tests/probes/test_psycopg.py", number, "test_the_site_is_the_line_that_executes")
        for number in (here - 2, here - 1, here)
    ]


def test_the_transaction_flag(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn, perfkit.record() as rec:
        conn.execute("SELECT 1")
        conn.execute("BEGIN")
        conn.execute("SELECT 2")
        conn.rollback()
    assert [(s.kind, s.name, s.attrs["transaction"]) for s in seen(rec)] == [
        ("query", "SELECT ?", False),
        ("transaction", "BEGIN", False),
        ("query", "SELECT ?", True),
        ("transaction", "ROLLBACK", True),
    ]


def test_transaction_blocks(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn, perfkit.record() as rec:
        with conn.transaction():
            conn.execute("SELECT 1")
            with pytest.raises(ZeroDivisionError), conn.transaction():
                raise ZeroDivisionError
        with conn.transaction(force_rollback=True):
            pass
        conn.commit()
    assert [(s.kind, s.name) for s in seen(rec)] == [
        ("transaction", "BEGIN"),
        ("query", "SELECT ?"),
        ("transaction", "SAVEPOINT ?"),
        ("transaction", "ROLLBACK TO ?"),
        ("transaction", "RELEASE ?"),
        ("transaction", "COMMIT"),
        ("transaction", "BEGIN"),
        ("transaction", "ROLLBACK"),
    ]


def test_two_phase_commit(dsn):
    with psycopg.connect(dsn) as conn, perfkit.record() as rec:
        conn.tpc_begin(conn.xid(1, "s3cr3t", "s3cr3t"))
        conn.execute("SELECT 1")
        conn.tpc_prepare()
        conn.tpc_rollback()
    assert [s.name for s in seen(rec)] == [
        "BEGIN",
        "SELECT ?",
        "PREPARE TRANSACTION ?",
        "ROLLBACK PREPARED ?",
    ]
    assert "s3cr3t" not in repr(rec.trace)


@pytest.mark.parametrize(
    ("sets", "many", "hashed"),
    [([(1, "a"), (2, "b"), (3, "c")], 3, True), (iter([(1, "a"), (2, "b")]), 2, False), ([], 0, False)],
    ids=["list", "iterator", "nothing"],
)
def test_executemany(conn, sets, many, hashed):
    with perfkit.record() as rec:
        conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", sets)
    (span,) = seen(rec)
    assert (span.name, span.attrs["many"], span.attrs.get("rows", 0)) == (INSERT, many, many)
    assert bool(span.attrs["params"]) is hashed


def test_executemany_that_returns_rows(conn):
    with perfkit.record() as rec:
        cursor = conn.cursor()
        cursor.executemany("INSERT INTO t VALUES (%s, 'x') RETURNING id", [(1,), (2,)], returning=True)
        assert (cursor.fetchall(), cursor.nextset(), cursor.fetchall()) == ([(1,)], True, [(2,)])
    assert told(rec, "many", "rows") == [("INSERT INTO t VALUES (?, ?), ... RETURNING id", 2, 2)]


def test_executemany_without_pipelines(conn, monkeypatch):
    monkeypatch.setattr(psycopg.Pipeline, "is_supported", classmethod(lambda cls: False))
    with perfkit.record() as rec:
        conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (2, "b")])
    assert told(rec, "many", "rows") == [(INSERT, 2, 2)]


def test_an_executemany_that_fails(conn):
    with perfkit.record() as rec, pytest.raises(psycopg.errors.UniqueViolation):
        conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (1, "b")])
    (span,) = seen(rec)
    assert (span.error, span.attrs["many"]) == ("UniqueViolation", 2)


@pytest.mark.parametrize(
    ("query", "params", "template", "rows"),
    [
        (b"SELECT 1", None, "SELECT ?", 1),
        (sql.SQL("SELECT 's3cr3t', %s"), ("s3cr3t",), "SELECT ?, ?", 1),
        (
            sql.SQL("SELECT {} FROM {} WHERE name = {}").format(
                sql.Identifier("id"), sql.Identifier("t"), sql.Literal("s3cr3t")
            ),
            None,
            'SELECT "id" FROM "t" WHERE name = ?',
            0,
        ),
        ("SELECT %(a)s, %(a)s::text", {"a": "s3cr3t"}, "SELECT ?, ?::text", 1),
        ("SELECT 1; SELECT 2", None, "SELECT ?; SELECT ?", 1),
    ],
    ids=["bytes", "SQL", "Composed", "named", "several"],
)
def test_kinds_of_queries(conn, query, params, template, rows):
    with perfkit.record() as rec:
        conn.execute(query, params)
    assert told(rec, "rows") == [(template, rows)]
    assert len(seen(rec)[0].attrs["params"]) == 16  # of the parameters, or of the text with its literals
    assert "s3cr3t" not in repr(rec.trace)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="has template strings of its own")
def test_template_strings(conn):
    compat = pytest.importorskip("psycopg._tstrings", reason="this psycopg knows no template strings")
    part = compat.Interpolation
    query = object.__new__(
        type("Text", (compat.Template,), {"__iter__": lambda self: iter(self.parts), "parts": ()})
    )
    query.parts = (
        *("SELECT id FROM ", part("t", "name", None, "i"), " WHERE name = "),
        *(part("s3cr3t", "value", None, ""), " OR name = ", part("s3cr3t", "value", None, "l")),
    )
    with perfkit.record(keep_values=True) as rec:
        assert conn.execute(query).fetchall() == []
    assert told(rec, "rows", "values") == [
        ('SELECT id FROM "t" WHERE name = ? OR name = ?', 0, "['s3cr3t']"),
    ]
    assert len(seen(rec)[0].attrs["params"]) == 16


def test_cursors_of_other_kinds(conn):
    with perfkit.record() as rec:
        psycopg.ClientCursor(conn).execute("SELECT %s", (5,))
        psycopg.RawCursor(conn).execute("SELECT $1::int", (5,))
    one, two = seen(rec)
    assert (one.name, two.name) == ("SELECT ?", "SELECT ?::int")
    assert one.attrs["params"] == two.attrs["params"] != ""


def test_parameters_are_hashed_and_kept_only_if_asked(conn):
    with perfkit.record() as rec:
        for value in ("s3cr3t", "other", "s3cr3t"):
            conn.execute("SELECT %s", (value,))
    first, second, third = (s.attrs["params"] for s in seen(rec))
    assert first == third != second
    assert "s3cr3t" not in repr(rec.trace)
    with perfkit.record(keep_values=True) as rec:
        conn.execute("SELECT %s", ("s3cr3t",))
    assert "s3cr3t" in seen(rec)[0].attrs["values"]


def test_a_cursor_on_the_server(conn):
    conn.execute("INSERT INTO t SELECT generate_series(1, 8), 'x'")
    with perfkit.record() as rec, conn.cursor("s3cr3t-name") as cursor:
        cursor.execute("SELECT * FROM t WHERE id > %s", (0,))
        cursor.fetchone()
        cursor.fetchmany(2)
        cursor.scroll(1)
        cursor.itersize = 3
        assert len(list(cursor)) == 4
        assert cursor.fetchall() == []
    assert told(rec, "rows", "transaction") == [
        ("SELECT * FROM t WHERE id > ?", None, True),
        ("FETCH FORWARD ? FROM cursor", 1, True),
        ("FETCH FORWARD ? FROM cursor", 2, True),
        ("MOVE FORWARD ? FROM cursor", None, True),
        ("FETCH FORWARD ? FROM cursor", 3, True),
        ("FETCH FORWARD ? FROM cursor", 1, True),
        ("FETCH FORWARD ALL FROM cursor", 0, True),
    ]


def test_a_stream_ends_with_its_first_row_and_counts_the_others(conn):
    with perfkit.record() as rec:
        rows = conn.cursor().stream("SELECT generate_series(1, %s)", (3,))
        next(rows)
        with perfkit.span("meanwhile"):
            pass
        assert list(rows) == [(2,), (3,)]
        with pytest.raises(psycopg.errors.DivisionByZero):
            list(conn.cursor().stream("SELECT 1 / 0"))
    stream, meanwhile, failed = seen(rec, "query", "span")
    assert (stream.name, stream.attrs["rows"], stream.error) == ("SELECT generate_series(?, ?)", 3, None)
    assert (meanwhile.parent, stream.end_ns <= meanwhile.start_ns) == (None, True)
    assert failed.error == "DivisionByZero"


def test_an_abandoned_stream_counts_what_was_wanted(conn):
    with perfkit.record() as rec:
        rows = conn.cursor().stream("SELECT generate_series(1, 100000)")
        assert [next(rows), next(rows)] == [(1,), (2,)]
        rows.close()
        conn.rollback()
        conn.execute("SELECT 1")
    assert [(s.name, s.attrs.get("rows"), s.error) for s in seen(rec)] == [
        ("SELECT generate_series(?, ?)", 2, None),
        ("ROLLBACK", None, None),
        ("SELECT ?", 1, None),
    ]


def test_copy_in_lasts_until_its_block_ends(conn):
    with perfkit.record() as rec:
        with conn.cursor().copy("COPY t (id, name) FROM STDIN") as copy:
            with perfkit.span("feeding"):
                copy.write_row((1, "s3cr3t"))
            copy.write_row((2, "s3cr3t"))
        with perfkit.span("after"):
            pass
    copied, feeding, after = rec.trace.of_kind("query", "span")
    assert (copied.name, copied.attrs["rows"]) == ("COPY t (id, name) FROM STDIN", 2)
    assert feeding.parent is None
    assert feeding.end_ns < copied.end_ns < after.start_ns
    assert "s3cr3t" not in repr(rec.trace)


def test_copy_out_and_copies_that_fail(conn):
    conn.execute("INSERT INTO t SELECT generate_series(1, 4), 'x'")
    with perfkit.record() as rec:
        with conn.cursor().copy("COPY (SELECT * FROM t WHERE id < %s) TO STDOUT", (4,)) as copy:
            assert len(list(copy.rows())) == 3
        with (
            pytest.raises(ZeroDivisionError),
            conn.transaction(),
            conn.cursor().copy("COPY t FROM STDIN") as copy,
        ):
            raise ZeroDivisionError
        with (
            pytest.raises(psycopg.errors.UniqueViolation),
            conn.transaction(),
            conn.cursor().copy("COPY t FROM STDIN") as copy,
        ):
            copy.write_row((1, "x"))
        with pytest.raises(psycopg.errors.UndefinedTable), conn.cursor().copy("COPY nowhere FROM STDIN"):
            pass
    copies = [s for s in seen(rec, "query") if s.name.startswith("COPY")]
    assert [(s.attrs.get("rows"), s.error) for s in copies] == [
        (3, None),
        (None, "ZeroDivisionError"),
        (None, "UniqueViolation"),
        (None, "UndefinedTable"),
    ]


def test_a_pipeline_s_statements_end_when_their_results_arrive(dsn, conn):
    with psycopg.connect(dsn) as holder, perfkit.record() as rec:
        holder.execute("SELECT pg_advisory_xact_lock(7)")
        with conn.pipeline():
            cursor = conn.cursor()
            cursor.execute("SELECT pg_advisory_xact_lock(7)")
            cursor.execute("SELECT generate_series(1, 3)")
            conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (2, "b")])
            with perfkit.span("sent"):
                pass
            holder.commit()
        with perfkit.span("after"):
            pass
    _, *queries, sent, after = rec.trace.of_kind("query", "span")
    assert [(s.name, s.attrs["rows"]) for s in queries] == [
        ("SELECT pg_advisory_xact_lock(?)", 1),
        ("SELECT generate_series(?, ?)", 3),
        (INSERT, 2),
    ]
    assert all(sent.end_ns < s.end_ns < after.start_ns for s in queries)
    assert sent.parent is None


def test_a_pipeline_that_fails(conn):
    def fail():
        with conn.pipeline():
            conn.execute("SELECT 1 / 0")
            conn.execute("SELECT 1")

    with perfkit.record() as rec, pytest.raises(psycopg.errors.DivisionByZero):
        fail()
    assert [s.error for s in seen(rec, "query")] == ["DivisionByZero", "PipelineAborted"]


def test_statements_of_a_pipeline_that_were_not_recorded_take_no_result_of_others(conn):
    with conn.pipeline():
        cursor = conn.cursor()
        cursor.execute("SELECT generate_series(1, 7)")
        with perfkit.record() as rec:
            cursor.execute("SELECT generate_series(1, 2)")
            conn._pipeline.sync()
    assert told(rec, "rows") == [("SELECT generate_series(?, ?)", 2)]


def test_errors_pass_untouched(conn):
    with perfkit.record() as rec, pytest.raises(psycopg.errors.UndefinedTable) as raised:
        conn.execute("SELECT * FROM nowhere WHERE name = 's3cr3t'")
    (span,) = seen(rec)
    assert (span.error, span.attrs.get("rows")) == ("UndefinedTable", None)
    assert "nowhere" in str(raised.value)
    assert "s3cr3t" not in repr(rec.trace)


def test_what_does_not_reach_the_server_is_no_query(dsn, conn):
    closed = psycopg.connect(dsn)
    cursor = closed.cursor()
    closed.close()
    with perfkit.record() as rec:
        with pytest.raises(psycopg.OperationalError):
            closed.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            cursor.execute("SELECT 1")
        other = conn.cursor()
        other.close()
        with pytest.raises(psycopg.InterfaceError):
            other.execute("SELECT 1")
        conn.commit()
    assert rec.trace.spans == []


def test_a_pool_s_check_of_a_connection_is_no_query(dsn):
    check = psycopg_pool.ConnectionPool.check_connection
    with psycopg_pool.ConnectionPool(dsn, min_size=1, open=False, check=check) as pool:
        pool.wait()
        with perfkit.record() as rec, pool.connection() as conn:
            conn.execute("SELECT 1")
    assert [s.name for s in seen(rec)] == ["SELECT ?", "COMMIT"]


class Odd:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("call", [(5, None), (Odd(), None), ("SELECT %s", (Odd(),)), ("SELECT %s", 5)])
def test_odd_calls_end_as_they_do_without_the_probe(conn, call):
    ends = []
    for watched in (False, True):
        (probe.install if watched else probe.remove)()
        with perfkit.record(), pytest.raises(Exception) as raised:  # noqa: PT011 - compared below
            conn.execute(*call)
        ends.append((type(raised.value), raised.value.args))
        conn.rollback()
    assert ends[0] == ends[1]


def test_connects_that_fail_are_recorded(dsn):
    wrong = dsn.rpartition(":")[0] + ":9/s3cr3t-not"
    with perfkit.record() as rec, pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong)
    (span,) = seen(rec)
    assert (span.kind, span.name, span.error) == ("connect", "connect 127.0.0.1:9", "OperationalError")
    assert (span.attrs["system"], span.site.function) == (
        "postgresql",
        "test_connects_that_fail_are_recorded",
    )
    assert "s3cr3t-password" not in repr(rec.trace)


def test_nothing_is_recorded_outside_a_recording(conn):
    conn.execute("SELECT 1")
    with perfkit.record() as rec:
        pass
    conn.execute("SELECT 2")
    assert rec.trace.spans == []


def test_instrumenting_is_idempotent_and_reversible():
    from psycopg._connection_base import BaseConnection
    from psycopg._cursor_base import BaseCursor
    from psycopg._pipeline_base import BasePipeline
    from psycopg._server_cursor_base import ServerCursorMixin

    classes = (
        *(BaseConnection, psycopg.Connection, psycopg.AsyncConnection, BaseCursor, BasePipeline),
        *(ServerCursorMixin, psycopg.Cursor, psycopg.AsyncCursor, psycopg.Copy, psycopg.AsyncCopy),
    )

    def now():
        return {(c, name): value for c in classes for name, value in vars(c).items()}

    probe.remove()
    plain = now()
    probe.install()
    watched = now()
    probe.install()
    assert now() == watched != plain
    probe.remove()
    probe.remove()
    assert now().keys() == plain.keys()
    assert all(now()[key] is plain[key] for key in plain)


def test_a_pool_connects_once_and_hands_out_the_same_connection(dsn):
    with perfkit.record() as rec:
        pool = psycopg_pool.ConnectionPool(dsn, min_size=1, max_size=1, open=False)
        pool.open(wait=True)
        for number in range(3):
            with pool.connection() as conn:
                conn.execute("SELECT %s", (number,))
        pool.close()
    assert [s.kind for s in seen(rec)] == ["connect", *["query", "transaction"] * 3]
    assert [s.name for s in seen(rec)[1:]] == ["SELECT ?", "COMMIT"] * 3
    assert len({s.attrs["connection"] for s in seen(rec, "query")}) == 1


def test_gathered_queries_of_a_pool(dsn):
    async def one(pool, number):
        with perfkit.span(f"task {number}"):
            async with pool.connection() as conn:
                cursor = await conn.execute("SELECT pg_sleep(0.001), generate_series(1, %s)", (number,))
                one.line = line() - 1
                return len(await cursor.fetchall())

    async def main():
        async with psycopg_pool.AsyncConnectionPool(dsn, min_size=2, max_size=2, open=False) as pool:
            await pool.wait()
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


def test_async_calls(dsn):
    async def main():
        with perfkit.record() as rec:
            async with await psycopg.AsyncConnection.connect(dsn) as conn:
                await conn.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
                cursor = conn.cursor()
                await cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (2, "b")])
                async with conn.transaction():
                    async for row in cursor.stream("SELECT id FROM t"):
                        assert row in {(1,), (2,)}
                async with conn.cursor(name="server") as server:
                    await server.execute("SELECT * FROM t")
                    assert len(await server.fetchall()) == 2
                async with cursor.copy("COPY t FROM STDIN") as copy:
                    await copy.write_row((3, "c"))
                async with conn.pipeline():
                    await conn.execute("SELECT 1")
                with pytest.raises(psycopg.errors.DivisionByZero):
                    await conn.execute("SELECT 1 / 0")
        return rec

    rec = asyncio.run(main())
    assert [(s.kind, s.name, s.attrs.get("rows"), s.error) for s in seen(rec)][1:] == [
        ("query", "CREATE TEMP TABLE t (id int PRIMARY KEY, name text)", None, None),
        ("query", INSERT, 2, None),
        ("transaction", "SAVEPOINT ?", None, None),
        ("query", "SELECT id FROM t", 2, None),
        ("transaction", "RELEASE ?", None, None),
        ("query", "SELECT * FROM t", None, None),
        ("query", "FETCH FORWARD ALL FROM cursor", 2, None),
        ("query", "COPY t FROM STDIN", 1, None),
        ("query", "SELECT ?", 1, None),
        ("query", "SELECT ? / ?", None, "DivisionByZero"),
        ("transaction", "COMMIT", None, None),
    ]
    assert seen(rec)[0].kind == "connect"
    assert {s.site.function for s in seen(rec)} == {"test_async_calls.main"}


def test_gathered_queries_of_one_connection_follow_each_other(dsn):
    async def main():
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            with perfkit.record() as rec:
                await asyncio.gather(*(conn.execute("SELECT pg_sleep(0.001)") for _ in range(3)))
            return rec

    first, second, third = seen(asyncio.run(main()))
    assert first.end_ns <= second.start_ns
    assert second.end_ns <= third.start_ns


def test_cancellation(dsn):
    async def main():
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            with perfkit.record() as rec:
                await conn.execute("SELECT 1")
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await conn.execute("SELECT pg_sleep(30)")
                cursor = await conn.execute("SELECT 7")
                assert await cursor.fetchone() == (7,)
            return rec

    assert [(s.name, s.error) for s in seen(asyncio.run(main()))] == [
        ("SELECT ?", None),
        ("SELECT pg_sleep(?)", "QueryCanceled"),
        ("SELECT ?", None),
    ]


SCRIPT = """
import json, psycopg, sys, perfkit
from perfkit.probes import psycopg as probe
probe.install()
with perfkit.record() as rec, psycopg.connect(sys.argv[1]) as conn:
    conn.execute("CREATE TEMP TABLE t (id int, name text)")
    conn.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(1, "a"), (2, "b")])
    with conn.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write_row((3, "c"))
    with conn.pipeline():
        conn.execute("SELECT * FROM t")
    list(conn.cursor().stream("SELECT * FROM t"))
spans = rec.trace.of_kind("query", "transaction", "connect")
print(json.dumps([psycopg.pq.__impl__, [[s.kind, s.name, s.attrs.get("rows")] for s in spans]]))
"""


@pytest.mark.parametrize("implementation", ["binary", "python"])
def test_both_implementations(dsn, implementation):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, dsn],
        env={**os.environ, "PSYCOPG_IMPL": implementation},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if "no pq wrapper available" in done.stderr:
        pytest.skip(f"the {implementation} implementation of psycopg is not there")
    used, spans = json.loads(done.stdout)
    assert used == implementation
    assert [tuple(span) for span in spans[1:]] == [
        ("query", "CREATE TEMP TABLE t (id int, name text)", None),
        ("query", INSERT, 2),
        ("query", "COPY t FROM STDIN", 1),
        ("query", "SELECT * FROM t", 3),
        ("query", "SELECT * FROM t", 3),
        ("transaction", "COMMIT", None),
    ]
