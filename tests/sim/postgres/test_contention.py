"""Sixteen sessions contend for six rows in every way: who gets which, and when, is the same in every run."""

import asyncio
import hashlib
import random

import asyncpg
import pytest

from perfkit.sim import Link
from perfkit.sim.postgres import Costs
from tests.sim.postgres.support import MS, URL, now_ns, simulate

pytestmark = pytest.mark.once


CLIENTS, STEPS, ROWS = 16, 4, 6
LOAD = f"""
DROP TABLE IF EXISTS contended;
CREATE TABLE contended AS SELECT g AS id, 0 AS n FROM generate_series(1, {ROWS}) g;
ANALYZE contended
"""
BUMP = "UPDATE contended SET n = n + 1 WHERE id = ANY($1)"
LOCK = "SELECT n FROM contended WHERE id = $1 FOR UPDATE"
TAKE = "SELECT id FROM contended ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED"


async def at_once(connection, rows, pause_s):
    await connection.execute(BUMP, rows)


async def one_by_one(connection, rows, pause_s):
    async with connection.transaction():
        for row in rows:
            await connection.fetchval(LOCK, row)
            await asyncio.sleep(pause_s)
            await connection.execute(BUMP, [row])


async def what_is_free(connection, rows, pause_s):
    async with connection.transaction():
        found = [row["id"] for row in await connection.fetch(TAKE)]
        await asyncio.sleep(pause_s)
        await connection.execute(BUMP, found)


def story(seed):
    chance = random.Random(seed)

    async def main(gate):
        events = []

        async def client(number, connection):
            for step in range(STEPS):
                how = chance.choice((at_once, one_by_one, what_is_free))
                rows = [chance.randint(1, ROWS) for _ in range(chance.randint(1, 3))]
                try:
                    await how(connection, rows, chance.random() / 100)
                    events.append((now_ns(), number, step))
                except asyncpg.DeadlockDetectedError:
                    events.append((now_ns(), number, step, "deadlock"))

        connections = [await asyncpg.connect(URL) for _ in range(CLIENTS)]
        await connections[0].execute(LOAD)
        await asyncio.gather(*(client(i, connection) for i, connection in enumerate(connections)))
        events.append(str(await connections[0].fetch("SELECT * FROM contended ORDER BY id")))
        await connections[0].execute("DROP TABLE contended")
        for connection in connections:
            await connection.close()
        return gate.counters(), hashlib.sha256(repr(events).encode()).hexdigest()

    return simulate(main, Costs(workers=4), Link(rtt_ns=2 * MS))


@pytest.mark.parametrize("seed", [1, 2])
def test_contention_is_the_same_in_every_run(seed):
    counters, digest = story(seed)
    assert counters["lock_waits"] > 20
    assert counters["deadlocks"] > 0
    assert [story(seed) for _ in range(2)] == [(counters, digest)] * 2
