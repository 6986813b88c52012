"""Fetches the customers of all orders. Right: their numbers are one parameter."""

import asyncpg


async def report(conn):
    orders = await conn.fetch("SELECT customer_id, total FROM orders WHERE status = 'paid'")
    numbers = list({order["customer_id"] for order in orders})
    rows = await conn.fetch("SELECT id, name FROM customers WHERE id = ANY($1::int[])", numbers)
    names = {row["id"]: row["name"] for row in rows}
    return [f"{names[order['customer_id']]}: {order['total']}" for order in orders]


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    assert len(await report(conn)) == 20
    await conn.close()
