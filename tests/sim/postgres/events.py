"""A hash of everything that happens in a simulation with lock waits, a pool, COPY, cancels and a deadlock.

python -m tests.sim.postgres.events URL_OF_THE_REAL_SERVER
"""

import asyncio
import hashlib
import sys

import asyncpg
import psycopg

from perfkit.sim import Link
from perfkit.sim.postgres import Costs
from tests.sim.postgres.support import MS, URL, now_ns, simulate

WORKERS = 8
LOAD = f"""
DROP TABLE IF EXISTS events;
CREATE TABLE events (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, note text);
INSERT INTO events SELECT g, g % 7, repeat('x', g % 50) FROM generate_series(1, {WORKERS * 50}) g;
ANALYZE events
"""


async def story(gate):
    events = []

    def note(*what):
        events.append((now_ns(), *what))

    async def bump(pool, number):
        async with pool.acquire() as connection:
            for row in (1, number + 2):
                async with connection.transaction():
                    note(
                        number,
                        await connection.fetchval("SELECT sum(n) FROM events WHERE id % 8 = $1", number),
                    )
                    await connection.execute("UPDATE events SET n = n + 1 WHERE id = $1", row)
                    note(number, "has", row)
                    await asyncio.sleep(0.01 * number)

    async def alone(pool, number):
        await pool.execute("UPDATE events SET n = n + 1 WHERE id = 1")
        note("alone", number)

    async def circle(pool, rows):
        try:
            async with pool.acquire() as connection, connection.transaction():
                for row in rows:
                    await connection.execute("UPDATE events SET n = n + 1 WHERE id = $1", row)
                    await asyncio.sleep(0.1)
            note("won", *rows)
        except asyncpg.DeadlockDetectedError:
            note("lost", *rows)

    async def impatient(pool):
        async with pool.acquire() as holder, holder.transaction(), pool.acquire() as other:
            await holder.execute("UPDATE events SET n = 0 WHERE id = 9")
            try:
                await other.execute("UPDATE events SET n = 1 WHERE id = 9", timeout=0.2)
            except TimeoutError:
                note("impatient")

    async def copy(number):
        async with await psycopg.AsyncConnection.connect(URL) as connection:
            await connection.execute("CREATE TEMP TABLE c (a int, b text)")
            async with connection.cursor().copy("COPY c FROM STDIN") as rows:
                for i in range(1_000):
                    await rows.write_row((i, "y" * (i % 90)))
            count = await (await connection.execute("SELECT count(*) FROM c")).fetchone()
            note("copied", number, *count)

    async with asyncpg.create_pool(URL, min_size=WORKERS, max_size=WORKERS) as pool:
        await pool.execute(LOAD)
        note("loaded")
        await asyncio.gather(*(bump(pool, number) for number in range(WORKERS)))
        await asyncio.gather(*(alone(pool, number) for number in range(2 * WORKERS)), copy(1), copy(2))
        await asyncio.gather(circle(pool, (1, 2)), circle(pool, (2, 1)))
        await impatient(pool)
        note(await pool.fetchval("SELECT sum(n) FROM events"))
        await pool.execute("DROP TABLE events")
    counters = gate.counters()
    note(counters)
    return counters["lock_waits"], hashlib.sha256(repr(events).encode()).hexdigest()


def digest(server):
    link = Link(rtt_ns=3 * MS, bandwidth_bytes_per_s=10_000_000)
    return simulate(story, Costs(workers=3), link, server)


if __name__ == "__main__":
    print(*digest(sys.argv[1]))  # noqa: T201
