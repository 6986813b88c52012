import asyncio
import contextlib
from datetime import date
from decimal import Decimal

import asyncpg
import psycopg
import pytest

import perfkit
from perfkit.errors import UsageError, WorldError
from perfkit.model import HostFacts
from perfkit.sim import Network, run
from perfkit.sim.postgres import Costs
from perfkit.worlds import fine_timers
from perfkit.worlds.database import Dataset, Sqlite, Table
from perfkit.worlds.database.postgres import Postgres, server
from perfkit.worlds.database.postgres.admin import admin
from perfkit.worlds.database.postgres.server import current_server
from tests.worlds.database.data import MS, load

pytestmark = pytest.mark.once


FREE = Costs(
    connect_ns=0, parse_ns=0, statement_ns=0, row_read_ns=0, row_returned_ns=0, row_written_ns=0, commit_ns=0
)


@pytest.fixture(autouse=True)
def _needs_postgres():
    try:
        current_server()
    except WorldError as error:
        pytest.skip(str(error))


def simulate(use, *, world=None, size=100, seed=1):
    world = world or Postgres(load, rtt_ms=10, costs=FREE)
    network = Network()

    async def main():
        async with world.start(size, seed, network) as running:
            return await use(world.access(running.addresses, size, seed, "virtual"), running)

    return run(main, network=network)


def now_ns():
    return asyncio.get_running_loop().now_ns


def databases():
    with admin(current_server().dsn()) as session:
        return {name for (name,) in session.rows("SELECT datname FROM pg_database")}


def test_drivers_in_virtual_time():
    async def use(access, running):
        assert access.url == "postgresql://postgres@db.test:5432/perfkit"
        assert access.dialect == "postgresql"
        times = []
        connection = await asyncpg.connect(access.url)
        for query in ("SELECT 1", "SELECT count(*) FROM jobs"):
            start_ns = now_ns()
            await connection.execute(query)
            times.append(now_ns() - start_ns)
        await connection.close()
        async with access.connect_async(autocommit=True) as connection:
            start_ns = now_ns()
            cursor = await connection.execute("SELECT name FROM jobs WHERE id = %s", (7,))
            assert await cursor.fetchone() == ("job 1/7",)
            times.append(now_ns() - start_ns)
        with access.connect(autocommit=True) as connection:
            start_ns = now_ns()
            assert connection.execute("SELECT max(id) FROM jobs").fetchone() == (99,)
            times.append(now_ns() - start_ns)
        return times, running.counters()["statements"] > 3

    assert simulate(use) == ([10 * MS] * 4, True)


def test_an_async_with_commits_or_rolls_back_as_psycopg_has_it():
    async def delete(access, above, *then):
        async with access.connect_async() as connection:
            await connection.execute(f"DELETE FROM jobs WHERE id > {above}")
            for statement in then:
                await connection.execute(statement)

    async def use(access, _):
        await delete(access, 10)
        with pytest.raises(psycopg.errors.UniqueViolation):
            await delete(access, 5, "INSERT INTO jobs VALUES (1, 1, '')")
        async with await access.connect_async() as connection:
            return await (await connection.execute("SELECT count(*) FROM jobs")).fetchone()

    assert simulate(use) == (11,)


def test_both_databases_have_the_same_data():
    query = "SELECT customer, count(*), min(name) FROM jobs GROUP BY customer ORDER BY customer"

    async def ask(access, _):
        async with access.connect_async() as connection:
            return [tuple(row) for row in await (await connection.execute(query)).fetchall()]

    lite = Sqlite(load)

    async def main():
        async with lite.start(100, 5, Network()) as running:
            return await ask(lite.access(running.addresses, 100, 5, "virtual"), running)

    assert run(main) == simulate(ask, seed=5)


def test_each_start_has_its_own_copy_and_drops_it():
    before = databases()
    world = Postgres(load, rtt_ms=0, costs=FREE)
    loads = []

    async def use(access, _):
        with access.connect() as connection:
            count = connection.execute("SELECT count(*) FROM jobs").fetchone()[0]
            connection.execute("DELETE FROM jobs")
        return count

    world.load = lambda size, seed: loads.append((size, seed)) or load(size, seed)
    assert [simulate(use, world=world, size=size) for size in (10, 10, 20)] == [10, 10, 20]
    assert loads == [(10, 1), (20, 1)]
    left = databases() - before
    assert len(left) == 2
    assert all("_template_" in name for name in left)


def test_two_worlds_at_once():
    one, two = (Postgres(load, costs=FREE, host=host) for host in ("one.test", "two.test"))
    network = Network()

    async def main():
        async with one.start(5, 1, network) as first, two.start(7, 1, network) as second:
            counts = []
            for world, running in ((one, first), (two, second)):
                connection = await asyncpg.connect(world.access(running.addresses, 5, 1, "virtual").url)
                counts.append(await connection.fetchval("SELECT count(*) FROM jobs"))
                await connection.close()
            return counts, {first.addresses[""], second.addresses[""]}

    assert run(main, network=network) == (
        [5, 7],
        {
            "postgresql://postgres@one.test:5432/perfkit",
            "postgresql://postgres@two.test:5432/perfkit_2",
        },
    )


def test_the_database_is_dropped_after_an_error():
    before = databases()

    async def use(access, _):
        connection = await asyncpg.connect(access.url)
        try:
            raise ValueError("boom")
        finally:
            connection.terminate()

    with pytest.raises(ValueError, match="boom"):
        simulate(use)
    assert {name for name in databases() - before if "_template_" not in name} == set()


def test_in_real_time_behind_a_link():
    world = Postgres(load, rtt_ms=2)

    async def main():
        async with world.start(50, 1, None) as running:
            access = world.access(running.addresses, 50, 1, "wall")
            with perfkit.record() as rec:
                async with await psycopg.AsyncConnection.connect(access.url, autocommit=True) as connection:
                    rows = await (await connection.execute("SELECT count(*) FROM jobs")).fetchall()
            (facts,) = world.host_facts(running.addresses)
            (span,) = rec.trace.of_kind("query")
            return rows, facts, span, access.facts, running.counters()

    rows, facts, span, told, counted = fine_timers.run(main)
    assert rows == [(50,)]
    assert facts.host == span.attrs["host"]
    assert facts.rtt_ns == told["rtt_ns"] >= 2 * MS - 10_000  # as measured
    assert span.duration_ns >= 2 * MS - 10_000
    assert counted == {"connections": 1}


def test_values_of_all_kinds_arrive():
    row = (
        None,
        True,
        'tab\t "quote" \\ \n',
        [1, None, 'x"'],
        b"\0\xff",
        date(2026, 1, 5),
        Decimal("1.50"),
        {"a": [1]},
    )
    types = ("text", "boolean", "text", "text[]", "bytea", "date", "numeric", "jsonb")
    columns = {f"c{number}": kind for number, kind in enumerate(types)}
    world = Postgres(lambda size, seed: Dataset([Table("a", columns, rows=lambda: [row] * size)]), costs=FREE)

    async def use(access, _):
        with access.connect() as connection:
            return connection.execute("SELECT * FROM a").fetchall()

    expected = (*row[:3], ["1", None, 'x"'], *row[4:])
    assert simulate(use, world=world, size=2) == [expected] * 2


def test_many_rows_are_copied_in_chunks():
    async def use(access, _):
        with access.connect() as connection:
            return connection.execute("SELECT count(*), sum(id) FROM jobs").fetchone()

    assert simulate(use, size=20_000) == (20_000, 199_990_000)


def test_statistics_do_not_depend_on_luck():
    async def use(access, _):
        with access.connect() as connection:
            return connection.execute(
                "SELECT attname, n_distinct, most_common_freqs::text, histogram_bounds::text FROM pg_stats "
                "WHERE tablename = 'jobs' ORDER BY 1"
            ).fetchall()

    worlds = [Postgres(lambda size, seed: load(size, seed), costs=FREE) for _ in range(2)]
    first, second = (simulate(use, world=world, size=40_000) for world in worlds)
    assert first == second


def test_data_that_cannot_be_loaded_leave_nothing():
    before = databases()
    table = Table("a", {"x": "integer PRIMARY KEY"}, rows=lambda: [(1,), (1,)])
    world = Postgres(lambda size, seed: Dataset([table]))
    with pytest.raises(WorldError, match="duplicate key"):
        simulate(None, world=world)
    short = Table("a", {"x": "integer", "y": "integer"}, rows=lambda: [(1,)])
    with pytest.raises(WorldError, match="row 0 of table a has 1 values for 2 columns"):
        simulate(None, world=Postgres(lambda size, seed: Dataset([short])))
    assert databases() == before


def test_what_reports_and_rules_are_told():
    world = Postgres(load, rtt_ms=2.5, costs=Costs(workers=4), title="near")
    info = world.info("near")
    assert (info.rtt_ns, info.database, info.title) == (2_500_000, "postgres", "near")
    assert info.facts["round trip"] == "2.5 ms"
    assert info.facts["workers"] == "4"
    addresses = {"": "postgresql://postgres@db.test:5432/perfkit"}
    assert world.host_facts(addresses) == [HostFacts("db.test:5432", rtt_ns=2_500_000)]
    with pytest.raises(UsageError, match="rtt_ms"):
        Postgres(load, rtt_ms=-1)


# A server that runs already


@pytest.fixture
def other_server(monkeypatch):
    """A server with a password, which is not ours."""
    with server.Cluster() as cluster:
        with admin(cluster.dsn()) as session:
            session.rows("CREATE ROLE ann LOGIN CREATEDB PASSWORD 's3cr:t'")
            session.rows("CREATE DATABASE perfkit")  # somebody's, of all names
        monkeypatch.setenv("PERFKIT_PG_DSN", f"postgresql://ann:s3cr%3At@127.0.0.1:{cluster.port}/postgres")
        yield cluster
        with contextlib.suppress(WorldError):
            current_server().drop_all()


def test_a_server_that_runs_already(other_server):
    async def use(access, _):
        assert ":s3cr%3At@db.test:5432/perfkit_" in access.url
        connection = await asyncpg.connect(access.url)
        count = await connection.fetchval("SELECT count(*) FROM jobs")
        await connection.close()
        return count

    def names():
        with admin(other_server.dsn()) as session:
            return {name for (name,) in session.rows("SELECT datname FROM pg_database")}

    before = names()
    assert simulate(use, size=30) == 30
    (template,) = names() - before
    assert "_template_" in template
    current_server().drop_all()
    assert names() == before


def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setenv("PERFKIT_PG_DSN", "postgresql://ann:s3cr3t@127.0.0.1:1/postgres")
    with pytest.raises(
        WorldError, match=r"the server of PERFKIT_PG_DSN cannot be used: .*127\.0\.0\.1:1"
    ) as info:
        current_server()
    assert "s3cr3t" not in str(info.value)


@pytest.mark.parametrize("dsn", ["host=localhost password=s3cr3t", "postgresql://ann:s3cr3t@localhost:x/a"])
def test_a_bad_dsn_is_told_without_its_password(monkeypatch, dsn):
    monkeypatch.setenv("PERFKIT_PG_DSN", dsn)
    with pytest.raises(WorldError, match="PERFKIT_PG_DSN") as info:
        current_server()
    assert "s3cr3t" not in str(info.value)
