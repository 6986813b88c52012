"""Works off a table of jobs. Right: each job is taken, done and marked in a transaction of its own."""

import asyncio

import asyncpg

TAKE = "SELECT id, kind FROM jobs WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"


async def work(kind):
    await asyncio.sleep(0.001)
    return f"{kind} sent"


async def take_one(conn):
    async with conn.transaction():
        job = await conn.fetchrow(TAKE)
        if job is None:
            return False
        result = await work(job["kind"])
        await conn.execute("UPDATE jobs SET state = 'done', result = $2 WHERE id = $1", job["id"], result)
        return True


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    while await take_one(conn):
        pass
    assert await conn.fetchval("SELECT count(*) FROM jobs WHERE state = 'done'") == 6
    await conn.close()
