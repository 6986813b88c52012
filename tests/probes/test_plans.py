"""Plans asked for on real databases, through each library; and all that must not be disturbed by it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading

import aiosqlite
import asyncpg
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

import perfkit
from perfkit.fingerprints import describe_sql
from perfkit.probes.plans import MAX_COUNTED, is_explainable
from tests.postgres import postgres

pytestmark = pytest.mark.once


SCHEMA = """
    CREATE TABLE orders (id integer PRIMARY KEY, task_id int, status text, created text, customer_id int);
    CREATE TABLE items (id integer PRIMARY KEY, order_id integer, sku text);
    CREATE INDEX items_by_sku ON items (sku);
    CREATE TABLE "Odd Name" ("some key" integer, "select" text);
    CREATE TABLE apart (code text PRIMARY KEY, size integer) WITHOUT ROWID;
    CREATE VIEW hot AS SELECT * FROM orders WHERE status = 'hot';
"""
ROWS = 1200


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A file with the tables above and ROWS rows in each."""
    path = tmp_path_factory.mktemp("plans") / "shop.db"
    with sqlite3.connect(path) as db:
        db.executescript(SCHEMA)
        rows = range(1, ROWS + 1)
        db.executemany(
            "INSERT INTO orders VALUES (?,?,?,?,?)", [(n, n % 300, "ab"[n % 2], n, n % 40) for n in rows]
        )
        db.executemany("INSERT INTO items VALUES (?,?,?)", [(n, n % 600, f"sku {n % 100}") for n in rows])
        db.executemany('INSERT INTO "Odd Name" VALUES (?,?)', [(n, "x") for n in rows])
        db.executemany("INSERT INTO apart VALUES (?,?)", [(str(n), n) for n in rows])
    db.close()
    return path


@pytest.fixture
def db(filled):
    connection = sqlite3.connect(filled)
    yield connection
    connection.close()


def plans(recording):
    """The plan of each query that has one."""
    return [span.attrs["plan"] for span in recording.trace.of_kind("query") if "plan" in span.attrs]


def plan_of(filled, sql, params=()):
    with perfkit.record(explain=True) as rec:
        connection = sqlite3.connect(filled)
        connection.execute(sql, params).fetchall()
        connection.close()
    assert [w for w in rec.trace.warnings if "plan" in w] == []
    (plan,) = plans(rec)
    return plan


# SQLite, many shapes

SCANNED = {"table": "orders", "access": "scan", "rows": ROWS, "indexed": ["id"]}
ITEMS = {"table": "items", "access": "scan", "rows": ROWS, "indexed": ["id", "sku"]}
BY_ID = {"table": "orders", "access": "search"}
SHAPES = {
    "SELECT * FROM orders WHERE task_id = 1 AND status = 'a'": [
        {
            **SCANNED,
            "condition": True,
            "equal": ["task_id", "status"],
            "distinct": {"task_id": 300, "status": 2},
        }
    ],
    "SELECT * FROM main.orders o WHERE o.task_id IN (1, 2) ORDER BY o.created DESC LIMIT 5": [
        {
            **SCANNED,
            "table": "main.orders",
            "condition": True,
            "equal": ["task_id"],
            "sort": ["-created"],
            "distinct": {"task_id": 300},
        }
    ],
    "SELECT * FROM orders WHERE created > '5' ORDER BY id LIMIT 5": [
        {**SCANNED, "condition": True, "range": ["created"]}
    ],
    "SELECT * FROM orders WHERE status LIKE '%x%'": [{**SCANNED, "condition": True, "like": ["status"]}],
    "SELECT * FROM orders WHERE lower(status) = 'a'": [
        {**SCANNED, "condition": True, "call": [["lower", "status"]]}
    ],
    "SELECT * FROM orders WHERE task_id = 1 OR customer_id = 2": [
        {
            **SCANNED,
            "condition": True,
            "any": ["task_id", "customer_id"],
            "distinct": {"task_id": 300, "customer_id": 40},
        }
    ],
    "SELECT * FROM orders WHERE status IS NULL": [{**SCANNED, "condition": True, "null": ["status"]}],
    "SELECT * FROM orders WHERE status IS NOT NULL": [{**SCANNED, "condition": True}],
    "SELECT * FROM orders": [{"table": "orders", "access": "scan"}],
    "SELECT count(*) FROM orders": [{"table": "orders", "access": "scan"}],
    "SELECT * FROM orders ORDER BY created LIMIT 5": [{**SCANNED, "sort": ["created"]}],
    "SELECT * FROM orders ORDER BY created": [{"table": "orders", "access": "scan"}],
    "SELECT * FROM orders WHERE id = 5": [BY_ID],
    "SELECT * FROM items WHERE sku = 'sku 1'": [{"table": "items", "access": "search"}],
    # the table that is read first can only be asked by what is known before
    "SELECT * FROM orders o JOIN items i ON i.order_id = o.id WHERE o.status = 'c'": [
        {**ITEMS, "joined": ["order_id"], "distinct": {"order_id": 600}},
        BY_ID,
    ],
    "SELECT * FROM orders o JOIN items i ON i.order_id = o.id": [{"table": "items", "access": "scan"}, BY_ID],
    "SELECT * FROM orders o LEFT JOIN items i ON i.order_id = o.id WHERE o.id = 3": [
        BY_ID,
        {**ITEMS, "condition": True, "equal": ["order_id"], "distinct": {"order_id": 600}},
    ],
    # columns without a table's name go by the table that has them
    "SELECT * FROM items, orders WHERE orders.id = order_id AND sku > 'x' AND task_id = 5": [
        {"table": "items", "access": "search"},
        BY_ID,
    ],
    "SELECT id, (SELECT count(*) FROM items i WHERE i.order_id = orders.id) FROM orders WHERE id < 3": [
        BY_ID,
        {**ITEMS, "condition": True, "equal": ["order_id"], "distinct": {"order_id": 600}},
    ],
    "WITH some AS (SELECT * FROM orders WHERE task_id = 5) SELECT * FROM some WHERE status = 'a'": [
        {**SCANNED, "condition": True, "equal": ["task_id"], "distinct": {"task_id": 300}}
    ],
    "SELECT * FROM (SELECT * FROM orders WHERE task_id = 5 LIMIT 3) x WHERE x.status = 'a'": [
        {**SCANNED, "condition": True, "equal": ["task_id"], "distinct": {"task_id": 300}},
        {"table": "x", "access": "search"},
    ],
    # two SELECTs of one table that ask for different things: no column is named
    "SELECT * FROM orders WHERE task_id = 1 UNION SELECT * FROM orders WHERE status = 'x'": [
        {**SCANNED, "condition": True},
        {**SCANNED, "condition": True},
    ],
    "SELECT * FROM hot WHERE task_id = 1": [{**SCANNED, "condition": True}],
    'SELECT * FROM "Odd Name" WHERE "Odd Name"."some key" = 4': [
        {
            "table": "Odd Name",
            "access": "scan",
            "condition": True,
            "equal": ["some key"],
            "rows": ROWS,
            "distinct": {"some key": ROWS},
            "indexed": [],
        }
    ],
    "SELECT * FROM apart WHERE size = 4": [
        {
            "table": "apart",
            "access": "scan",
            "condition": True,
            "equal": ["size"],
            "rows": ROWS,
            "distinct": {"size": ROWS},
            "indexed": ["code"],
        }
    ],
    "SELECT * FROM json_each('[1]') WHERE value = 1": [],
    "SELECT 1 WHERE 1 = 2": [],
}


@pytest.mark.parametrize(("sql", "expected"), SHAPES.items(), ids=SHAPES)
def test_the_shapes_of_sqlite(filled, sql, expected):
    assert plan_of(filled, sql) == expected


def test_an_index_that_sqlite_makes_for_one_query(filled):
    sql = 'SELECT * FROM items i LEFT JOIN "Odd Name" o ON o."some key" = i.order_id AND o."select" = i.sku'
    (_, found) = plan_of(filled, sql)
    assert (found["access"], found["table"]) == ("automatic", "Odd Name")
    assert (found["equal"], found["rows"]) == (["some key", "select"], ROWS)


def test_large_tables_are_counted_up_to_a_limit(tmp_path):
    path = tmp_path / "large.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (id integer PRIMARY KEY, a integer)")
        made.execute("CREATE TABLE w (id text PRIMARY KEY, a integer) WITHOUT ROWID")
        made.executemany("INSERT INTO t VALUES (?, ?)", ((3 * n, n % 9) for n in range(30_000)))
        made.executemany("INSERT INTO w VALUES (?, ?)", ((str(n), n % 9) for n in range(MAX_COUNTED)))
    made.close()
    ((dense,), (bare,)) = (plan_of(path, f"SELECT * FROM {name} WHERE a = 100") for name in "tw")
    assert (dense["rows"], dense["about"], dense["distinct"]) == (30_000, True, {"a": 9})
    assert (bare["rows"], bare["about"]) == (MAX_COUNTED, True)


def test_once_per_template_and_database(filled):
    with perfkit.record(explain=True) as rec:
        one, two = sqlite3.connect(filled), sqlite3.connect(":memory:")
        two.executescript(SCHEMA)
        for connection in (one, one, two, two):
            for value in (1, 2):
                connection.execute("SELECT * FROM orders WHERE task_id = ?", (value,)).fetchall()
        one.close()
        two.close()
    assert [entry["rows"] for (entry,) in plans(rec)] == [ROWS, 0]


def test_nothing_is_asked_without_explain(filled):
    with perfkit.record() as rec:
        connection = sqlite3.connect(filled)
        connection.execute("SELECT * FROM orders WHERE task_id = ?", (1,)).fetchall()
        connection.close()
    assert plans(rec) == []


def test_recordings_inside_one_that_explains_do_so_too(filled):
    with perfkit.record(explain=True) as outer, perfkit.record() as inner:
        connection = sqlite3.connect(filled)
        connection.execute("SELECT * FROM orders WHERE task_id = ?", (1,)).fetchall()
        connection.close()
    assert len(plans(outer)) == len(plans(inner)) == 1


# What is asked about

NEVER = [
    "INSERT INTO t SELECT * FROM u",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    "WITH d AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM d",
    "SELECT * INTO copied FROM t",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR NO KEY UPDATE OF t SKIP LOCKED",
    "SELECT * FROM t FOR SHARE",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; SELECT 2",
    "EXPLAIN SELECT * FROM t",
    "EXPLAIN ANALYZE DELETE FROM t",
    "PRAGMA user_version",
    "VALUES (1)",
    "CREATE TABLE c AS SELECT * FROM t",
    "SELECT * FROM sqlite_master",
    "BEGIN",
    "CALL f()",
    "",
]


@pytest.mark.parametrize("sql", NEVER)
def test_what_is_never_asked_about(sql):
    assert not is_explainable(describe_sql(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t WHERE a = 'x; DELETE FROM t'",
        "select * from t -- for update",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        'SELECT updated, "delete" FROM t;',
    ],
)
def test_what_is_asked_about(sql):
    assert is_explainable(describe_sql(sql))


# What must not be disturbed


def test_the_programs_own_cursors_and_transaction_go_on(db, filled):
    with perfkit.record(explain=True) as rec:
        connection = sqlite3.connect(filled)
        connection.row_factory = sqlite3.Row
        connection.text_factory = bytes
        connection.execute("UPDATE orders SET status = 'z' WHERE id = 1")
        changes = connection.total_changes
        reading = connection.execute("SELECT id, status FROM orders WHERE task_id < 100")
        first = reading.fetchone()
        connection.execute("SELECT * FROM orders WHERE customer_id = 7").fetchone()
        rest = reading.fetchall()
        assert connection.in_transaction
        assert connection.total_changes == changes
        connection.rollback()
        connection.close()
    assert (first["id"], first["status"]) == (1, b"z")
    assert len(rest) == 399
    assert isinstance(rest[0], sqlite3.Row)
    assert len(plans(rec)) == 2
    # nothing that was asked is recorded itself
    assert [span.name.split()[0] for span in rec.trace.spans] == [
        "connect",
        "UPDATE",
        "SELECT",
        "SELECT",
        "ROLLBACK",
    ]
    assert db.execute("SELECT status FROM orders WHERE id = 1").fetchone() == ("b",)


@pytest.mark.parametrize("hook", ["set_authorizer", "set_trace_callback", "set_progress_handler"])
def test_a_connection_with_callbacks_is_left_alone(filled, hook):
    called = []
    with perfkit.record(explain=True) as rec:
        connection = sqlite3.connect(filled)

        def callback(*args):
            called.append(args)
            return 0

        getattr(connection, hook)(callback, *([1000] if hook == "set_progress_handler" else []))
        connection.execute("SELECT * FROM orders WHERE task_id = 5").fetchall()
        seen = list(called)
        connection.close()
    assert plans(rec) == []
    assert rec.trace.warnings == ["not every query plan could be asked for: 1 x HookedConnectionError"]
    assert not any("EXPLAIN" in str(args) for args in seen)


def test_a_failure_is_not_the_programs(filled, monkeypatch):
    def fails(*args):
        raise RuntimeError("s3cr3t-value")

    monkeypatch.setattr("perfkit.probes.plans_sqlite.selects", fails)
    with perfkit.record(explain=True) as rec:
        connection = sqlite3.connect(filled)
        for task in (1, 2):
            rows = connection.execute("SELECT * FROM orders WHERE task_id = ?", (task,)).fetchall()
            assert len(rows) == 4
        connection.close()
    assert rec.trace.warnings == ["not every query plan could be asked for: 1 x RuntimeError"]
    assert "s3cr3t" not in repr(rec.trace)


def test_no_value_is_kept(filled):
    with perfkit.record(explain=True) as rec:
        connection = sqlite3.connect(filled)
        connection.execute(
            "SELECT * FROM orders WHERE status = 's3cr3t' AND created > ? AND lower(status) LIKE 's3cr3t%'",
            ("s3cr3t-value",),
        ).fetchall()
        connection.close()
    assert len(plans(rec)) == 1
    assert "s3cr3t" not in repr(rec.trace)


def test_the_time_it_takes_is_not_the_querys(filled, monkeypatch):
    from perfkit.tracing import Clock

    now = [0]

    def slow(template, original=describe_sql):
        now[0] += 1_000_000_000
        return []

    monkeypatch.setattr("perfkit.probes.plans_sqlite.selects", slow)
    engine = sqlalchemy.create_engine(f"sqlite:///{filled}")
    with perfkit.record(explain=True, clock=Clock("wall", lambda: now[0])) as rec:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT * FROM orders WHERE task_id = 5")).all()
        connection = sqlite3.connect(filled)
        connection.execute("SELECT * FROM items WHERE order_id = 5").fetchall()
        connection.close()
    engine.dispose()
    assert [span.duration_ns for span in rec.trace.of_kind("query")] == [0, 0]
    assert now == [2_000_000_000]
    assert rec.trace.tracing_ns >= 2_000_000_000


# Each library

SQL = "SELECT * FROM orders WHERE task_id = {} AND status = 'a'"
FOUND = SHAPES["SELECT * FROM orders WHERE task_id = 1 AND status = 'a'"]


def test_aiosqlite_asks_in_its_own_thread(filled):
    async def main():
        async with aiosqlite.connect(filled) as db:
            async with db.execute(SQL.format("?"), (4,)) as cursor:
                assert len(await cursor.fetchall()) == 4
            assert len(list(await db.execute_fetchall("SELECT * FROM orders WHERE task_id = 3 LIMIT 2"))) == 2

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert plans(rec)[0] == FOUND
    assert [span.name.split()[0] for span in rec.trace.spans] == ["connect", "SELECT", "SELECT"]
    assert len(plans(rec)) == 2


@pytest.mark.parametrize("probes", ["auto", "sqlalchemy"])
def test_sqlalchemy_on_sqlite_also_on_connections_it_had_before(filled, probes):
    engine = sqlalchemy.create_engine(f"sqlite:///{filled}")
    engine.connect().close()
    with perfkit.record(explain=True, probes=probes) as rec, engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text(SQL.format(":task")), {"task": 4}).all()
    engine.dispose()
    assert len(rows) == 4
    assert plans(rec) == [FOUND]


def test_sqlalchemy_on_aiosqlite(filled):
    async def main():
        engine = create_async_engine(f"sqlite+aiosqlite:///{filled}")
        async with engine.connect() as connection:
            found = await connection.execute(sqlalchemy.text(SQL.format(":task")), {"task": 4})
            assert len(found.all()) == 4
        await engine.dispose()

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert plans(rec) == [FOUND]


DJANGO = """
import sys
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": sys.argv[1], "NAME": sys.argv[2], **eval(sys.argv[3])}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()
from django.db import connection, models, transaction
class Order(models.Model):
    task_id = models.IntegerField()
    status = models.TextField()
    class Meta:
        app_label, db_table = "shop", "orders"
connection.ensure_connection()
import perfkit
with perfkit.record(explain=True) as rec:
    with transaction.atomic():
        list(Order.objects.filter(task_id=4, status="a").only("id"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM orders WHERE task_id = %(task)s AND status <> '%%'", {"task": 3})
        cursor.fetchall()
        cursor.execute("SELECT * FROM orders WHERE status LIKE '%x%' AND task_id = 3")
        cursor.fetchall()
for span in rec.trace.of_kind("query"):
    print(span.attrs["plan"][0]["table"], span.attrs["plan"][0]["equal"], span.attrs["plan"][0]["rows"])
print([warning for warning in rec.trace.warnings if "plan" in warning])
"""
DJANGO_SAYS = "orders ['status', 'task_id'] {0}\norders ['task_id'] {0}\norders ['task_id'] {0}\n[]\n"


def run_django(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_django_on_sqlite_also_on_a_connection_it_had_before(filled):
    assert run_django("django.db.backends.sqlite3", str(filled), "{}") == DJANGO_SAYS.format(ROWS)


# PostgreSQL


@pytest.fixture(scope="module")
def dsn():
    """A database with tables of ROWS rows, not analysed."""
    place = postgres()
    with psycopg.connect(place) as conn:
        conn.execute(
            "DROP TABLE IF EXISTS orders, items;"
            "CREATE TABLE orders (id serial PRIMARY KEY, task_id int, status varchar(9), created int);"
            "CREATE TABLE items (id serial PRIMARY KEY, order_id int);"
            "INSERT INTO orders (task_id, status)"
            f" SELECT n % 300, chr(97 + n % 2) FROM generate_series(1, {ROWS}) n;"
            f"INSERT INTO items (order_id) SELECT n % 600 FROM generate_series(1, {ROWS}) n"
        )
    yield place
    with psycopg.connect(place) as conn:
        conn.execute("DROP TABLE orders, items")


PG_SQL = "SELECT * FROM orders WHERE task_id = {} AND status = 'a'"
PG_FOUND = [
    {
        "table": "orders",
        "access": "scan",
        "condition": True,
        "equal": ["task_id", "status"],
        "rows": ROWS,
        "distinct": {"task_id": 300, "status": 2},
        "indexed": ["id"],
    }
]


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("factory", [psycopg.Cursor, psycopg.ClientCursor])
def test_psycopg(dsn, autocommit, factory):
    with (
        perfkit.record(explain=True) as rec,
        psycopg.connect(dsn, autocommit=autocommit, cursor_factory=factory) as conn,
    ):
        assert len(conn.execute(PG_SQL.format("%s"), (4,)).fetchall()) == 4
        status = conn.info.transaction_status.name
        assert status == ("IDLE" if autocommit else "INTRANS")
        conn.execute("SELECT 1")
    assert plans(rec) == [PG_FOUND, []]
    assert [w for w in rec.trace.warnings if "plan" in w] == []
    ends = [] if autocommit else ["COMMIT"]
    assert [span.name.split()[0] for span in rec.trace.spans] == ["connect", "SELECT", "SELECT", *ends]


def test_psycopg_async_and_a_cursor_of_the_servers(dsn):
    async def main():
        async with await psycopg.AsyncConnection.connect(dsn) as conn:
            assert len(await (await conn.execute(PG_SQL.format("%s"), (4,))).fetchall()) == 4
            async with conn.cursor("named") as cursor:
                await cursor.execute("SELECT * FROM orders WHERE task_id < %s AND status = 'a'", (100,))
                assert len(await cursor.fetchmany(7)) == 7
                assert len(await cursor.fetchall()) == 193

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert len(plans(rec)) == 2
    assert plans(rec)[0] == PG_FOUND
    assert (plans(rec)[1][0]["equal"], plans(rec)[1][0]["range"]) == (["status"], ["task_id"])


def test_a_plan_that_fails_leaves_the_transaction_as_it_was(dsn, monkeypatch):
    monkeypatch.setattr("perfkit.probes.plans_postgres.EXPLAIN", "EXPLAIN (NONSENSE) ")
    sql = "SELECT * FROM orders WHERE task_id = 4"

    async def through_asyncpg():
        conn = await asyncpg.connect(dsn)
        transaction = conn.transaction()
        await transaction.start()
        await conn.execute("INSERT INTO items (order_id) VALUES (-1)")
        await conn.fetch(sql)
        assert await conn.fetchval("SELECT count(*) FROM items WHERE order_id = -1") == 1
        await transaction.rollback()
        await conn.close()

    with perfkit.record(explain=True) as rec:
        with psycopg.connect(dsn) as conn:
            conn.execute("INSERT INTO items (order_id) VALUES (-1)")
            conn.execute(sql)
            assert conn.execute("SELECT count(*) FROM items WHERE order_id = -1").fetchone() == (1,)
            conn.rollback()
        asyncio.run(through_asyncpg())
    assert plans(rec) == []
    # one of them was asked about by psycopg already; the other, of asyncpg, is the same statement
    assert rec.trace.warnings == ["not every query plan could be asked for: 2 x SyntaxError"]


def test_what_only_the_connection_knows_is_known(dsn):
    with perfkit.record(explain=True) as rec, psycopg.connect(dsn) as conn:
        conn.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.orders (task_id int)")
        conn.execute("INSERT INTO elsewhere.orders SELECT n FROM generate_series(1, 50) n")
        conn.execute("SET LOCAL search_path TO elsewhere")
        conn.execute("SELECT * FROM orders WHERE task_id = 4").fetchall()
        conn.execute("CREATE TEMP TABLE passing (a int)")
        conn.execute("SELECT * FROM passing WHERE a = 4").fetchall()
        conn.rollback()
    found = [(plan[0]["table"].partition(".")[0][:7], plan[0]["rows"]) for plan in plans(rec)]
    assert found == [("elsewhe", 50), ("pg_temp", 0)]


def test_asyncpg_in_and_out_of_transactions_and_prepared(dsn):
    logged = []

    async def main():
        conn = await asyncpg.connect(dsn)
        conn.add_query_logger(lambda record: logged.append(record.query))
        assert len(await conn.fetch(PG_SQL.format("$1"), 4)) == 4
        await conn.fetch("SELECT * FROM orders WHERE task_id = 4")
        async with conn.transaction():
            prepared = await conn.prepare("SELECT * FROM items WHERE order_id = $1")
            assert len(await prepared.fetch(7)) == 2
            await conn.execute("SELECT * FROM items WHERE order_id = 8")
        await conn.close()

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert plans(rec)[0] == PG_FOUND
    assert [plan[0]["equal"] for plan in plans(rec)] == [["task_id", "status"], ["task_id"], ["order_id"]]
    assert not any("EXPLAIN" in str(query) for query in logged)
    assert [span.name.split()[0] for span in rec.trace.spans] == [
        *("connect", "SELECT", "SELECT", "BEGIN", "PREPARE", "SELECT", "SELECT", "COMMIT")
    ]


def test_a_json_codec_of_the_programs_own_is_no_hindrance(dsn):
    import json

    async def main():
        conn = await asyncpg.connect(dsn)
        await conn.set_type_codec("json", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        await conn.fetch(PG_SQL.format("$1"), 4)
        await conn.close()

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert plans(rec) == [PG_FOUND]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_sqlalchemy_on_postgres(dsn, driver):
    url = dsn.replace("postgresql:", f"postgresql+{driver}:")

    async def main():
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.execute(sqlalchemy.text(PG_SQL.format(":task")), {"task": 4})
            assert len(found.all()) == 4
        await engine.dispose()

    with perfkit.record(explain=True) as rec:
        asyncio.run(main())
    assert [plan for plan in plans(rec) if plan] == [PG_FOUND]
    assert {span.attrs["library"] for span in rec.trace.of_kind("query")} == {"sqlalchemy"}


def test_django_on_postgres(dsn):
    from urllib.parse import urlsplit

    place = urlsplit(dsn)
    options = {"HOST": place.hostname, "PORT": place.port, "USER": place.username, "PASSWORD": place.password}
    said = run_django("django.db.backends.postgresql", "postgres", repr(options))
    assert said == DJANGO_SAYS.format(ROWS)


def test_statistics_tell_how_many_rows_are_expected(dsn):
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE analysed (a int, b int)")
        conn.execute("INSERT INTO analysed SELECT n % 3, n FROM generate_series(1, 30000) n")
        conn.execute("ANALYZE analysed")
        with perfkit.record(explain=True) as rec:
            conn.execute("SELECT count(*) FROM analysed WHERE a = 1")
            conn.execute("SELECT * FROM analysed ORDER BY b DESC, a LIMIT 3")
        conn.execute("DROP TABLE analysed")
    ((first,), (second,)) = plans(rec)
    assert (first["rows"], first["about"], first["equal"]) == (30_000, True, ["a"])
    assert 9_000 < first["expected"] < 11_000
    assert second["sort"] == ["-b", "a"]


def test_joins_of_postgres(dsn):
    with perfkit.record(explain=True) as rec, psycopg.connect(dsn) as conn:
        conn.execute("SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off")
        conn.execute("SELECT * FROM orders o JOIN items i ON i.order_id = o.id WHERE o.id IN (1, 2, 3)")
        conn.execute("SELECT * FROM items i LEFT JOIN orders o ON i.order_id = o.id AND o.id IN (1, 2)")
        conn.execute(
            "SELECT * FROM orders o WHERE (SELECT count(*) FROM items i WHERE i.order_id = o.id) > 5"
        )
    joined, kept, correlated = (
        next(entry for entry in plan if entry["table"] == "items") for plan in plans(rec)
    )
    assert (joined["joined"], joined["others"], joined["rows"]) == (["order_id"], 3, ROWS)
    assert "joined" not in kept
    assert "rows" not in kept
    assert correlated["equal"] == ["order_id"]


# perfkit run --explain

PROGRAM = """
import sqlite3, sys, threading
db = sqlite3.connect(sys.argv[1], check_same_thread=False)
def find(task):
    return db.execute("SELECT * FROM orders WHERE task_id = ? AND status = 'b'", (task,)).fetchall()
threads = [threading.Thread(target=find, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
    thread.join()
print("done")
"""


@pytest.mark.parametrize("explain", [True, False])
def test_perfkit_run_asks_if_it_is_told_to(filled, tmp_path, explain):
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "-m", "perfkit", "run", *(["--explain"] if explain else []), "--no-report"]
    environment = {**os.environ, "PERFKIT_REPORTS": str(tmp_path), "PYTHONPATH": os.getcwd()}
    done = subprocess.run(
        [*command, "program.py", str(filled)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert (
        "CREATE INDEX orders_task_id_status ON orders (task_id, status)" in " ".join(done.stderr.split())
    ) is explain
    told = " ".join(done.stderr.split())
    assert ("PK303 full-scan at program.py:5 in find: 3 times" in told) is explain


def test_threads_ask_for_themselves(filled):
    def work():
        connection = sqlite3.connect(filled)
        connection.execute("SELECT * FROM orders WHERE task_id = 5").fetchall()
        connection.close()

    with perfkit.record(explain=True) as rec:
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
            thread.join()
    assert len(plans(rec)) == 1
