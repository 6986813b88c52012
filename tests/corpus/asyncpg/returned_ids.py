"""Copies orders: each INSERT is awaited for the number it returns."""

import asyncpg


async def copy_order(conn, order):
    return await conn.fetchval(
        "INSERT INTO orders (customer_id, status, total) VALUES ($1, 'copy', $2) RETURNING id",
        order["customer_id"],
        order["total"],
    )


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    copies = {}
    async with conn.transaction():
        for order in await conn.fetch("SELECT * FROM orders WHERE status = 'paid' ORDER BY id LIMIT 10"):
            copies[order["id"]] = await copy_order(conn, order)  # expect: PK105
    await conn.close()
    assert len(copies) == 10
