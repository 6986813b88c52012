"""Adds up the invoices of three tenants. Right: each tenant has a schema; no query reaches over them."""

import asyncpg

TENANTS = ("acme", "globex", "initech")


async def turnover(conn, tenant):
    await conn.execute(f"SET search_path TO {tenant}")
    return await conn.fetchval("SELECT sum(amount) FROM invoices WHERE id > $1", 0)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    totals = {tenant: await turnover(conn, tenant) for tenant in TENANTS}
    await conn.close()
    assert set(totals.values()) == {15}
