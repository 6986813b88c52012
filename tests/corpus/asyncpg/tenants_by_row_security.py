"""Adds up orders for three tenants. Right: row security lets a transaction see one tenant alone."""

import asyncpg

TENANTS = ("acme", "globex", "initech")


async def for_tenant(conn, tenant, sql):
    async with conn.transaction(readonly=True):
        await conn.execute("SELECT set_config('app.tenant', $1, true)", tenant)
        return await conn.fetchval(sql)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    totals = {}
    for tenant in TENANTS:
        totals[tenant] = await for_tenant(conn, tenant, "SELECT sum(total) FROM orders")
    await conn.close()
    assert len(totals) == 3
