"""Archives events in chunks, a transaction each. Right: each statement moves many rows; locks stay short."""

import asyncpg

MOVE = """
WITH moved AS (
    DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT 15) RETURNING id
)
SELECT count(*) FROM moved
"""


async def archive(pool):
    total = 0
    while True:
        async with pool.acquire() as conn, conn.transaction():
            moved = await conn.fetchval(MOVE)
        if not moved:
            return total
        total += moved


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        assert await archive(pool) == 45
