import asyncio

import asyncpg
import psycopg
import pytest

from perfkit.errors import UsageError
from perfkit.sim.postgres import Costs
from perfkit.sim.postgres.costs import Work
from tests.sim.postgres.support import FREE, MS, RTT_NS, URL, now_ns, simulate

ROWS = 1_000
LOAD = f"CREATE TEMP TABLE t AS SELECT g AS id, g % 10 AS k FROM generate_series(1, {ROWS}) g"


@pytest.mark.parametrize("name", ["statement_ns", "row_read_ns", "commit_ns"])
@pytest.mark.parametrize("value", [-1, 0.5])
def test_costs_are_whole_nanoseconds(name, value):
    with pytest.raises(UsageError, match=f"{name}={value}"):
        Costs(**{name: value})


@pytest.mark.parametrize("workers", [0, 1.5])
def test_workers_are_a_number_from_one(workers):
    with pytest.raises(UsageError, match="workers="):
        Costs(workers=workers)


def work_of(*statements, driver_user="postgres"):
    """What the statements together took, after LOAD."""

    async def main(gate):
        connection = await asyncpg.connect(URL, user=driver_user)
        await connection.execute(LOAD)
        before = gate.counters()
        for statement in statements:
            await connection.execute(statement)
        after = gate.counters()
        await connection.close()
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}

    return simulate(main)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM t", {"rows_read": ROWS, "rows_returned": ROWS}),
        ("SELECT * FROM t WHERE k = 3", {"rows_read": ROWS, "rows_returned": ROWS // 10}),
        ("SELECT * FROM t LIMIT 5", {"rows_read": 5, "rows_returned": 5}),
        ("SELECT count(*) FROM t", {"rows_read": ROWS, "rows_returned": 1}),
        ("SELECT count(*) FROM t a JOIN t b USING (id)", {"rows_read": 2 * ROWS, "rows_returned": 1}),
        ("SELECT 1", {"rows_returned": 1}),
        ("INSERT INTO t VALUES (0, 0), (0, 1)", {"rows_written": 2, "commits": 1}),
        ("UPDATE t SET k = 0 WHERE k = 1", {"rows_read": ROWS, "rows_written": ROWS // 10, "commits": 1}),
        ("DELETE FROM t", {"rows_read": ROWS, "rows_written": ROWS, "commits": 1}),
        ("UPDATE t SET k = 0 WHERE k = 99", {"rows_read": ROWS}),
        (
            "WITH gone AS (DELETE FROM t WHERE k = 1 RETURNING *) SELECT count(*) FROM gone",
            {"rows_read": ROWS, "rows_written": ROWS // 10, "rows_returned": 1, "commits": 1},
        ),
        ("CREATE TEMP TABLE u (a int)", {"commits": 1}),
        ("BEGIN; INSERT INTO t VALUES (0, 0); ROLLBACK", {"statements": 3, "parses": 3, "rows_written": 1}),
        (
            "BEGIN; INSERT INTO t VALUES (0, 0); COMMIT; SELECT 1",
            {"statements": 4, "parses": 4, "rows_written": 1, "rows_returned": 1, "commits": 1},
        ),
        ("DO $$ BEGIN PERFORM count(*) FROM t; END $$", {"rows_read": ROWS}),
    ],
)
def test_what_a_statement_takes_is_taken_from_its_executed_plan(statement, expected):
    assert work_of(statement) == {"statements": 1, "parses": 1, **expected}


@pytest.mark.parametrize(("source", "read"), [("t", ROWS), ("(SELECT * FROM t WHERE k = 3)", ROWS)])
def test_rows_copied_out_have_been_read(source, read):
    async def main(gate):
        with psycopg.connect(URL, autocommit=True) as connection:
            connection.execute(LOAD)
            before = gate.counters()
            with connection.cursor().copy(f"COPY {source} TO STDOUT") as copy:
                rows = len(list(copy.rows()))
            after = gate.counters()
        return (
            rows,
            after["rows_returned"] - before["rows_returned"],
            after["rows_read"] - before["rows_read"],
        )

    rows, returned, rows_read = simulate(main)
    assert (returned, rows_read) == (rows, read)


def test_an_index_is_worth_what_it_saves():
    async def main(gate):
        connection = await asyncpg.connect(URL)
        await connection.execute(
            f"CREATE TEMP TABLE big AS SELECT g AS id FROM generate_series(1, {20 * ROWS}) g"
        )
        times = []
        for preparation in ("ANALYZE big", "CREATE INDEX ON big (id)"):
            await connection.execute(preparation)
            start = now_ns()
            await connection.execute("SELECT * FROM big WHERE id = 77")
            times.append(now_ns() - start)
        await connection.close()
        return times

    costs = Costs(connect_ns=0, parse_ns=0, statement_ns=0, row_read_ns=100, row_returned_ns=0, commit_ns=0)
    assert simulate(main, costs) == [RTT_NS + 20 * ROWS * 100, RTT_NS + 100]


def test_a_role_that_may_not_load_libraries_pays_for_the_rows_it_gets():
    async def main(gate):
        admin = await asyncpg.connect(URL)
        await admin.execute("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN")
        plain = await asyncpg.connect(URL, user="plain")
        await plain.execute(LOAD)
        before = gate.counters()
        await plain.execute("SELECT * FROM t WHERE k = 3")
        await plain.execute("INSERT INTO t VALUES (0, 0)")
        after = gate.counters()
        await plain.close()
        await admin.execute("DROP ROLE plain")
        await admin.close()
        return [
            after[name] - before[name] for name in ("rows_read", "rows_returned", "rows_written", "commits")
        ]

    assert simulate(main) == [ROWS // 10, ROWS // 10, 1, 1]


def test_a_statement_waits_for_a_free_worker_and_a_parked_one_holds_none():
    async def main(gate):
        connections = [await asyncpg.connect(URL) for _ in range(4)]
        await connections[0].execute("BEGIN; SELECT pg_advisory_xact_lock(5)")
        parked = asyncio.create_task(connections[1].execute("SELECT pg_advisory_xact_lock(5)"))
        await asyncio.sleep(1)
        start = now_ns()

        async def one(connection):
            await connection.execute("SELECT 1")
            return now_ns() - start

        took = await asyncio.gather(*(one(connection) for connection in connections[2:]))
        await connections[0].execute("COMMIT")
        await parked
        took.append(now_ns() - start)
        for connection in connections:
            await connection.close()
        return took

    costs = Costs(connect_ns=0, parse_ns=0, statement_ns=10 * MS, row_returned_ns=0, commit_ns=0, workers=1)
    expected = [30 * MS, 40 * MS, 40 * MS + 40 * MS]
    assert simulate(main, costs) == expected


def test_a_connection_costs_the_server_a_process():
    async def main(gate):
        start = now_ns()
        connection = await asyncpg.connect(URL, ssl=False)
        took = now_ns() - start
        await connection.close()
        return took

    assert simulate(main, Costs(connect_ns=3 * MS)) == 2 * RTT_NS + 3 * MS


def test_service_time_is_a_sum():
    work = Work(
        connections=1, parses=2, statements=3, rows_read=4, rows_returned=5, rows_written=6, commits=7
    )
    assert FREE.service_ns(work) == 0
    assert Costs(1, 10, 100, 1_000, 10_000, 100_000, 1_000_000).service_ns(work) == 7_654_321
