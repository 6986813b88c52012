import asyncio

import asyncpg
import psycopg
import pytest

from perfkit.errors import DeadlockError, SimulationError
from perfkit.sim.postgres import Costs
from tests.postgres import postgres
from tests.sim.postgres.support import MS, RTT_NS, URL, now_ns, simulate

TABLE = (
    "DROP TABLE IF EXISTS locked; CREATE TABLE locked AS SELECT g AS id, 0 AS n FROM generate_series(1, 9) g"
)
BUMP = "UPDATE locked SET n = n + 1 WHERE id = 1"


async def connected(count):
    first = await asyncpg.connect(URL)
    await first.execute(TABLE)
    return [first, *[await asyncpg.connect(URL) for _ in range(count - 1)]]


async def closed(connections, gate):
    waits = gate.counters()["lock_waits"]
    await connections[0].execute("DROP TABLE locked")
    for connection in connections:
        await connection.close()
    return waits


def test_a_row_lock_is_waited_for_until_the_others_commit():
    async def main(gate):
        connections = await connected(2)
        ends = []

        async def bump(connection, before_s, hold_s):
            await asyncio.sleep(before_s)
            async with connection.transaction():
                await connection.execute(BUMP)
                await asyncio.sleep(hold_s)
            ends.append((now_ns() - start) / MS)

        start = now_ns()
        await asyncio.gather(bump(connections[0], 0, 0.5), bump(connections[1], 0.1, 0))
        return ends, await closed(connections, gate)

    # first: BEGIN, UPDATE, 0.5 s, COMMIT: at the server at 550 ms; the other's UPDATE is answered from there
    assert simulate(main) == ([560.0, 580.0], 1)


@pytest.mark.parametrize("waiting", [8])
def test_who_waits_for_one_row_gets_it_in_order_of_arrival(waiting):
    async def main(gate):
        connections = await connected(1 + waiting)
        order, start = [], now_ns()

        async def bump(number, connection):
            await asyncio.sleep(number / 1000)
            async with connection.transaction():
                await connection.execute(BUMP)
                order.append((number, (now_ns() - start - number * MS) // MS))
                await asyncio.sleep(0.1)

        await asyncio.gather(*(bump(i, connection) for i, connection in enumerate(connections)))
        return order, await closed(connections, gate)

    order, waits = simulate(main)
    assert [number for number, _ in order] == list(range(9))
    # each holds the row from its UPDATE's answer, half a trip late, for 100 ms and the way of its COMMIT
    assert [at for _, at in order] == [40 + 119 * i for i in range(9)]
    assert waits == waiting


def test_statements_of_their_own_commit_one_after_the_other():
    costs = Costs(
        connect_ns=0, parse_ns=0, statement_ns=MS, row_read_ns=0, row_written_ns=0, commit_ns=10 * MS
    )

    async def main(gate):
        connections = await connected(4)
        ends = []

        async def bump(connection):
            await connection.execute(BUMP)
            ends.append(now_ns() - start)

        async with connections[0].transaction():
            await connections[0].execute(BUMP)
            others = [asyncio.create_task(bump(connection)) for connection in connections[1:]]
            await asyncio.sleep(1)
            start = now_ns()
        await asyncio.gather(*others)
        await closed(connections, gate)
        return ends

    # COMMIT there, 11 ms for it; then 11 ms each, and the way back
    first = 11 * MS + RTT_NS
    assert simulate(main, costs) == [first + 11 * MS, first + 22 * MS, first + 33 * MS]


def test_who_waited_for_one_that_waited_runs_on_after_it():
    """The first in the queue waits for a row of the second, which itself waits for the holder's."""
    costs = Costs(
        connect_ns=0, parse_ns=0, statement_ns=0, row_read_ns=0, row_written_ns=0, commit_ns=10 * MS
    )

    async def main(gate):
        holder, first, second = connections = await connected(3)
        ends = []

        async def run(name, connection, statements):
            await connection.execute(statements)
            ends.append((name, now_ns()))

        async with holder.transaction():
            await holder.execute(BUMP)
            both = BUMP.replace("= 1", "= 2") + ";" + BUMP
            tasks = [asyncio.create_task(run("second", second, both))]
            await asyncio.sleep(0.1)
            tasks.append(asyncio.create_task(run("first", first, BUMP.replace("= 1", "= 2"))))
            await asyncio.sleep(0.1)
        await asyncio.gather(*tasks)
        start = ends[0][1]
        await closed(connections, gate)
        return [(name, at - start) for name, at in ends]

    assert simulate(main, costs) == [("second", 0), ("first", 10 * MS)]


def test_a_deadlock_costs_its_timeout_and_its_victim_the_transaction():
    async def main(gate):
        connections = await connected(2)
        ends = {}

        async def two(name, connection, rows):
            try:
                async with connection.transaction():
                    for row in rows:
                        await connection.execute("UPDATE locked SET n = 1 WHERE id = $1", row)
                        await asyncio.sleep(0.1)
                ends[name] = "won"
            except asyncpg.DeadlockDetectedError:
                ends[name] = (now_ns() - start) / MS

        start = now_ns()
        await asyncio.gather(two("a", connections[0], (1, 2)), two("b", connections[1], (2, 1)))
        await closed(connections, gate)
        return ends

    # BEGIN, prepare, UPDATE, 100 ms, UPDATE (prepared already), the second that PostgreSQL waits, ROLLBACK
    assert simulate(main) == {"a": "won", "b": 1_200.0}


def test_a_timeout_cancels_the_statement_that_waits():
    async def main(gate):
        first, second = connections = await connected(2)
        async with first.transaction():
            await first.execute(BUMP)
            start = now_ns()
            with pytest.raises(TimeoutError):
                await second.execute(BUMP, timeout=0.3)
            timed_out = now_ns() - start
            assert await second.fetchval("SELECT 1") == 1
        await closed(connections, gate)
        return timed_out

    assert simulate(main) == 300 * MS


def test_a_client_that_goes_away_while_it_waits_does_no_harm():
    async def main(gate):
        first, second, third = connections = await connected(3)
        async with first.transaction():
            await first.execute(BUMP)
            waiting = [asyncio.create_task(c.execute(BUMP)) for c in (second, third)]
            await asyncio.sleep(0.1)
            second.terminate()
            await asyncio.sleep(0.1)
        with pytest.raises((asyncpg.PostgresConnectionError, ConnectionError, asyncpg.InterfaceError)):
            await waiting[0]
        await waiting[1]
        total = await first.fetchval("SELECT n FROM locked WHERE id = 1")
        await closed([first, third], gate)
        return total, len(connections)

    # the server does not notice that nobody waits for its answer, as in life
    assert simulate(main) == (3, 3)


def test_a_lock_of_a_connection_that_is_closed_is_free():
    async def main(gate):
        first, second = connections = await connected(2)
        await first.execute("BEGIN")
        await first.execute(BUMP)
        waiting = asyncio.create_task(second.execute(BUMP))
        await asyncio.sleep(0.1)
        first.terminate()
        await waiting
        await closed([second], gate)
        return len(connections)

    assert simulate(main) == 2


def test_two_that_wait_for_each_other_in_the_program_are_a_deadlock_of_the_simulation():
    async def main(gate):
        first, second = await connected(2)
        try:
            await first.execute("BEGIN")
            await first.execute(BUMP)
            await second.execute(BUMP)
        finally:
            first.terminate()
            second.terminate()

    with pytest.raises(DeadlockError, match="task"):
        simulate(main)
    with psycopg.connect(postgres(), autocommit=True) as connection:  # nothing is left that holds a lock
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("DROP TABLE locked")


def test_a_lock_from_outside_is_waited_for_a_while(monkeypatch):
    from perfkit.sim.postgres import parking

    monkeypatch.setattr(parking, "_FOREIGN_LOCK_S", 0.02)
    errors = []

    async def main(gate):
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: errors.append(context["exception"])
        )
        connection = await asyncpg.connect(URL)
        with pytest.raises((asyncpg.PostgresConnectionError, ConnectionError)):
            await connection.execute("SELECT pg_advisory_lock(11)")

    with psycopg.connect(postgres()) as outside:
        outside.execute("SELECT pg_advisory_lock(11)")
        simulate(main)
    assert isinstance(errors[0], SimulationError)
    assert "no session of the simulation" in str(errors[0])


@pytest.mark.parametrize("held_up", [True, False])
def test_processes_that_cannot_be_held_up_still_take_their_turns(monkeypatch, held_up):
    from perfkit.sim.postgres.processes import Processes

    if not held_up:
        monkeypatch.setattr(Processes, "is_ours", staticmethod(lambda pid, port: False))

    async def main(gate):
        connections = await connected(3)
        await asyncio.gather(*(connection.execute(BUMP) for connection in connections))
        total = await connections[0].fetchval("SELECT n FROM locked WHERE id = 1")
        await closed(connections, gate)
        return total

    assert simulate(main) == 3
