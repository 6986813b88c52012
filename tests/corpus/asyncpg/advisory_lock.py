"""Lets only one process do the nightly work. Right: it tries for a lock, sleeps, and tries again."""

import asyncio
import contextlib

import asyncpg

NIGHTLY = 4711


@contextlib.asynccontextmanager
async def only_one(conn, key, pause_s=0.005):
    while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", key):
        await asyncio.sleep(pause_s)
    try:
        yield
    finally:
        await conn.execute("SELECT pg_advisory_unlock($1)", key)


async def main(dsn):
    first, second = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    await first.execute("SELECT pg_advisory_lock($1)", NIGHTLY)
    asyncio.get_running_loop().call_later(0.025, lambda: asyncio.ensure_future(first.close()))
    async with only_one(second, NIGHTLY):
        assert await second.fetchval("DELETE FROM events WHERE id < 5 RETURNING id")
    await second.close()
