"""Counts the orders of each tenant behind row security. Right: a transaction sees one tenant alone."""

import asyncpg


class Tenants:
    def __init__(self, pool):
        self.pool = pool

    async def orders(self, tenant):
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute(f"SET LOCAL app.current_tenant = '{tenant}'")
            return await conn.fetchval("SELECT count(*) FROM orders WHERE status = $1", "open")


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        tenants = Tenants(pool)
        counts = [await tenants.orders(tenant) for tenant in ("north", "south", "west", "east")]
    assert counts == [60] * 4
