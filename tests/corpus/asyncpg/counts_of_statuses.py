"""Counts the orders of each status, a query for each: one GROUP BY would do."""

import asyncpg

STATUSES = ("open", "paid", "sent", "lost")


async def counts(pool):
    found = {}
    for status in STATUSES:
        async with pool.acquire() as conn, conn.transaction(readonly=True):
            found[status] = await conn.fetchval(  # expect: PK101
                "SELECT count(*) FROM orders WHERE status = $1", status
            )
    return found


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        assert (await counts(pool))["paid"] == 20
