"""Reads the same setting from the database again for each order."""

import asyncpg


async def setting(conn, key):
    return await conn.fetchval("SELECT value FROM settings WHERE key = $1", key)


async def with_tax(conn, orders):
    for order in orders:
        tax = float(await setting(conn, "tax"))  # expect: PK103
        yield float(order["total"]) * (1 + tax)


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    orders = await conn.fetch("SELECT total FROM orders WHERE status = 'open' ORDER BY id LIMIT 9")
    totals = [total async for total in with_tax(conn, orders)]
    await conn.close()
    assert len(totals) == 9
