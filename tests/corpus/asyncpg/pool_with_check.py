"""A pool that checks each connection before lending it. Right: the check belongs to lending."""

import asyncpg


class CheckedPool:
    def __init__(self, pool):
        self.pool = pool

    async def run(self, work):
        async with self.pool.acquire() as conn:
            await conn.fetchval("SELECT 1")
            return await work(conn)


async def newest_order(conn):
    return await conn.fetchval("SELECT max(id) FROM orders")


async def open_jobs(conn):
    return await conn.fetchval("SELECT count(*) FROM jobs WHERE state = 'new'")


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=3) as pool:
        checked = CheckedPool(pool)
        assert await checked.run(newest_order) == 80
        assert await checked.run(open_jobs) == 6
