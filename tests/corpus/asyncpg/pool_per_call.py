"""Makes a pool for each call, as large as pools are, and throws it away."""

import asyncio

import asyncpg


async def kpi(dsn, sql):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:  # expect: PK401
        return await pool.fetchval(sql)


async def main(dsn):
    orders, customers, jobs, events = await asyncio.gather(
        kpi(dsn, "SELECT count(*) FROM orders"),
        kpi(dsn, "SELECT count(*) FROM customers"),
        kpi(dsn, "SELECT count(*) FROM jobs WHERE state = 'new'"),
        kpi(dsn, "SELECT max(id) FROM events"),
    )
    assert (orders, customers, jobs, events) == (80, 40, 6, 45)
