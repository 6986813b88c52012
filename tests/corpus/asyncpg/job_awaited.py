"""Waits until a job in the database is done. Right: it sleeps between the questions."""

import asyncio

import asyncpg


async def finish_later(dsn, number):
    conn = await asyncpg.connect(dsn)
    await asyncio.sleep(0.04)
    await conn.execute("UPDATE jobs SET state = 'done' WHERE id = $1", number)
    await conn.close()


async def wait_for(conn, number, interval_s=0.01):
    async with asyncio.timeout(5):
        while await conn.fetchval("SELECT state FROM jobs WHERE id = $1", number) != "done":
            await asyncio.sleep(interval_s)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    finishing = asyncio.create_task(finish_later(dsn, 3))
    await wait_for(conn, 3)
    await finishing
    await conn.close()
