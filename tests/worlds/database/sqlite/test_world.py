import asyncio
import os
import sqlite3
import subprocess
import sys
import time

import pytest

import perfkit
from perfkit.errors import UsageError
from perfkit.model import HostFacts
from perfkit.sim import Network, run
from perfkit.worlds.database import Sqlite, SqliteCosts
from tests.worlds.database.data import MS, load

FREE = SqliteCosts(statement_ns=0, step_ns=0, row_ns=0, commit_ns=0, connect_trips=1, connect_ns=0)
"""Only the link takes time."""


def simulate(use, *, size=100, seed=1, **options):
    """The result of ``await use(access, running)`` against the world."""
    world = Sqlite(load, **{"rtt_ms": 10, "costs": FREE, **options})

    async def main():
        async with world.start(size, seed, Network()) as running:
            return await use(world.access(running.addresses, size, seed, "virtual"), running)

    return run(main)


def now_ns():
    return asyncio.get_running_loop().now_ns


async def timed(awaitable):
    start_ns = now_ns()
    await awaitable
    return now_ns() - start_ns


def test_what_each_call_costs():
    async def use(access, _):
        times = []
        start_ns = now_ns()
        async with access.connect_async() as db:
            times.append(now_ns() - start_ns)
            times.append(await timed(db.execute("SELECT * FROM jobs")))
            times.append(await timed(db.commit()))  # nothing is open: nothing is sent
            times.append(
                await timed(db.executemany("DELETE FROM jobs WHERE id = ?", [(n,) for n in range(50)]))
            )
            times.append(await timed(db.commit()))
            times.append(await timed(db.executescript("SELECT 1; SELECT 2")))
            times.append(await timed(db.execute("DELETE FROM jobs")))
            times.append(await timed(db.rollback()))
        return times

    assert simulate(use) == [10 * MS, 10 * MS, 0, 10 * MS, 10 * MS, 10 * MS, 10 * MS, 10 * MS]


def test_both_fronts_cost_and_answer_the_same():
    queries = [
        ("SELECT name FROM jobs WHERE id = ?", (7,)),
        ("SELECT * FROM jobs WHERE customer = ? ORDER BY id", (3,)),
        ("SELECT count(*) FROM jobs WHERE name LIKE '%9'", ()),
        ("INSERT INTO jobs VALUES (?, 1, 'new') RETURNING id", (1000,)),
    ]

    async def asynchronous(access, running):
        async with access.connect_async() as db:
            answers = [await db.execute_fetchall(*query) for query in queries]
            await db.commit()
        return answers, now_ns(), running.counters()

    async def synchronous(access, running):
        db = access.connect()
        answers = [db.execute(*query).fetchall() for query in queries]
        db.commit()
        db.close()
        return answers, now_ns(), running.counters()

    costs = SqliteCosts()
    first = simulate(asynchronous, costs=costs)
    assert first == simulate(synchronous, costs=costs)
    assert first == simulate(asynchronous, costs=costs)
    assert first[0][0] == [("job 1/7",)]


def test_connecting():
    async def use(access, _):
        start_ns = now_ns()
        async with access.connect_async():
            return now_ns() - start_ns

    assert simulate(use, costs=SqliteCosts(connect_trips=4, connect_ns=7)) == 40 * MS + 7


def test_costs_are_counted_in_steps_rows_and_commits():
    async def use(access, running):
        async with access.connect_async() as db:
            full_ns = await timed(db.execute("SELECT name FROM jobs WHERE name LIKE '%no'"))
            full = running.counters()["steps"]
            one_ns = await timed(db.execute("SELECT name FROM jobs WHERE id = 1"))
            steps = running.counters()["steps"] - full
            await db.execute("INSERT INTO jobs VALUES (50000, 1, '')")
            commit_ns = await timed(db.commit())
        return full_ns, full, one_ns, steps, commit_ns, running.counters()

    costs = SqliteCosts(statement_ns=1000, step_ns=7, row_ns=300, commit_ns=50_000)
    full_ns, full, one_ns, steps, commit_ns, counted = simulate(use, costs=costs, size=10_000)
    assert full > 30_000 > 100 > steps > 0
    assert full_ns == 10 * MS + 1000 + 7 * full
    assert one_ns == 10 * MS + 1000 + 7 * steps + 300
    assert commit_ns == 10 * MS + 51_000
    assert {name: counted[name] for name in ("connects", "queries", "rows", "commits")} == {
        "connects": 1,
        "queries": 3,
        "rows": 1,
        "commits": 1,
    }


def test_the_same_statement_costs_the_same_again():
    async def use(access, _):
        async with access.connect_async() as db:
            return {await timed(db.execute("SELECT * FROM jobs WHERE id = ?", (n,))) for n in range(20)}

    assert len(simulate(use, costs=SqliteCosts())) == 1


def test_connections_overlap_and_one_connection_queues():
    async def use(access, _):
        many = [await access.connect_async() for _ in range(5)]
        apart_ns = await timed(asyncio.gather(*(db.execute("SELECT 1") for db in many)))
        queued_ns = await timed(asyncio.gather(*(many[0].execute("SELECT 1") for _ in range(5))))
        for db in many:
            await db.close()
        return apart_ns, queued_ns

    assert simulate(use) == (10 * MS, 50 * MS)


def test_workers_have_one_queue():
    costs = SqliteCosts(statement_ns=MS, step_ns=0, row_ns=0, commit_ns=0)

    async def use(access, _):
        many = [await access.connect_async() for _ in range(6)]
        times = await asyncio.gather(*(timed(db.execute("SELECT 1")) for db in many))
        for db in many:
            await db.close()
        return times

    assert simulate(use, costs=costs, workers=2) == [n * MS for n in (11, 11, 12, 12, 13, 13)]
    assert simulate(use, costs=costs) == [11 * MS] * 6


def test_a_writer_waits_for_another():
    async def use(access, _):
        async with access.connect_async() as one, access.connect_async() as two:
            await one.execute("UPDATE jobs SET name = 'one' WHERE id = 1")
            start_ns = now_ns()
            writing = asyncio.create_task(timed(two.execute("UPDATE jobs SET name = 'two' WHERE id = 1")))
            await asyncio.sleep(0.04)
            await one.commit()  # at the server after 45 ms
            waited_ns = await writing
            await two.commit()
            assert start_ns + waited_ns + 10 * MS == now_ns()
            return waited_ns, await one.execute_fetchall("SELECT name FROM jobs WHERE id = 1")

    # there after 5 ms; tries after 1+2+5+10+15 = 33 are too early, 20 ms later is not; 5 ms back
    assert simulate(use) == ((5 + 53 + 5) * MS, [("two",)])


def test_readers_do_not_wait_for_writers():
    async def use(access, _):
        async with access.connect_async() as one, access.connect_async() as two:
            await one.execute("UPDATE jobs SET name = 'one' WHERE id = 1")
            start_ns = now_ns()
            rows = await two.execute_fetchall("SELECT name FROM jobs WHERE id = 1")
            return rows, now_ns() - start_ns

    assert simulate(use) == ([("job 1/1",)], 10 * MS)


def test_a_lock_that_is_never_let_go():
    async def use(access, _):
        async with access.connect_async() as one, access.connect_async(timeout=0.5) as two:
            await one.execute("DELETE FROM jobs")
            start_ns = now_ns()
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                await two.execute("DELETE FROM jobs")
            return now_ns() - start_ns

    # 1+2+5+10+15+20+25+25+25+50+50 and 2 of 100 make 428; the next would be more than 500
    assert simulate(use) == (10 + 428) * MS


def test_errors_come_back_over_the_link():
    async def use(access, _):
        async with access.connect_async() as db:
            start_ns = now_ns()
            with pytest.raises(sqlite3.IntegrityError, match=r"jobs\.id"):
                await db.execute("INSERT INTO jobs VALUES (1, 1, '')")
            return now_ns() - start_ns

    assert simulate(use) == 10 * MS


def test_a_cancelled_statement():
    async def use(access, _):
        async with access.connect_async() as db:
            with perfkit.record() as rec, pytest.raises(TimeoutError):
                await asyncio.wait_for(db.execute("SELECT 1"), 0.003)
            (span,) = rec.trace.of_kind("query")
            assert span.error
            assert span.duration_ns == 3 * MS
            return await db.execute_fetchall("SELECT 2")

    assert simulate(use) == [(2,)]


def test_the_file_is_gone_afterwards_also_after_an_error():
    paths = []

    async def use(access, running):
        assert running.addresses == {"": access.url}
        paths.append(access.url)
        assert os.path.exists(access.url)
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        simulate(use)
    assert not os.path.exists(os.path.dirname(paths[0]))


KILLED = """
import asyncio, os, signal
from perfkit.worlds.database import Dataset, Sqlite
async def main():
    async with Sqlite(lambda size, seed: Dataset([])).start(1, 1, None) as running:
        print(running.addresses[""], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_the_folder_of_a_process_that_was_killed_is_removed_by_the_next():
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True)
    folder = os.path.dirname(done.stdout.strip())
    assert os.path.exists(folder)

    async def main():
        async with Sqlite(load).start(1, 1, None) as one, Sqlite(load).start(1, 1, None):
            return os.path.exists(one.addresses[""])

    assert asyncio.run(main())
    assert not os.path.exists(folder)


def test_each_start_has_the_data_anew():
    world = Sqlite(load, rtt_ms=0)

    async def main():
        counts = []
        for size, seed in ((10, 1), (10, 1), (20, 2)):
            async with world.start(size, seed, None) as running:
                access = world.access(running.addresses, size, seed, "wall")
                db = access.connect()
                counts.append(db.execute("SELECT count(*), min(name) FROM jobs").fetchone())
                db.execute("DELETE FROM jobs")
                db.commit()
                db.close()
        return counts

    assert asyncio.run(main()) == [(10, "job 1/0"), (10, "job 1/0"), (20, "job 2/0")]


def test_real_time_is_never_shorter():
    world = Sqlite(load, rtt_ms=3, costs=FREE)

    async def main():
        async with world.start(10, 1, None) as running:
            access = world.access(running.addresses, 10, 1, "wall")
            start_ns = time.perf_counter_ns()
            db = access.connect()
            db.execute("SELECT 1")
            db.close()
            return time.perf_counter_ns() - start_ns

    assert asyncio.run(main()) >= 6 * MS


def test_in_another_process_the_link_is_the_same():
    world, other = Sqlite(load, rtt_ms=10, costs=FREE), Sqlite(load, rtt_ms=10, costs=FREE)

    async def main():
        async with world.start(5, 1, None) as running:
            path = dict(running.addresses)
            from perfkit.worlds.database.sqlite import server

            server.forget(path[""])  # as in a process that did not start it
            access = other.access(path, 5, 1, "virtual")
            db = access.connect()
            db.execute("SELECT 1")
            db.close()
            server.forget(path[""])
            return now_ns()

    assert run(main) == 20 * MS


def test_what_reports_and_rules_are_told():
    world = Sqlite(load, rtt_ms=2.5, workers=4, title="near")
    info = world.info("near")
    assert (info.rtt_ns, info.database, info.title) == (2_500_000, "sqlite", "near")
    assert info.facts["round trip"] == "2.5 ms"
    assert info.facts["workers"] == "4"
    assert sqlite3.sqlite_version in info.facts["statement"]
    assert world.host_facts({}) == [HostFacts("db.test", rtt_ns=2_500_000)]


@pytest.mark.parametrize(
    ("options", "word"),
    [({"rtt_ms": -1}, "rtt_ms"), ({"rtt_ms": float("nan")}, "rtt_ms"), ({"workers": 0}, "workers")],
)
def test_bad_settings(options, word):
    with pytest.raises(UsageError, match=word):
        Sqlite(load, **options)
    with pytest.raises(UsageError, match="step_ns"):
        SqliteCosts(step_ns=-1)
