"""Deletes old events by number, each with a statement of its own."""

import asyncpg


class Cleanup:
    def __init__(self, pool):
        self.pool = pool

    async def delete(self, number):
        await self.pool.execute("DELETE FROM events WHERE id = $1", number)

    async def run(self):
        old = await self.pool.fetch("SELECT id FROM events ORDER BY id LIMIT 8")
        while old:
            await self.delete(old.pop()["id"])  # expect: PK105


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        await Cleanup(pool).run()
        assert await pool.fetchval("SELECT count(*) FROM events") == 37
