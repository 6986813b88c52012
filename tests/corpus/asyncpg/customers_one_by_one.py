"""Fetches the customer of each open order with a query of its own."""

import asyncpg


async def report(conn):
    orders = await conn.fetch("SELECT id, customer_id, total FROM orders WHERE status = 'paid' LIMIT 12")
    lines = []
    for order in orders:
        customer = await conn.fetchrow(  # expect: PK101
            "SELECT name, email FROM customers WHERE id = $1", order["customer_id"]
        )
        lines.append(f"{customer['name']}: {order['total']}")
    return lines


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    try:
        assert len(await report(conn)) == 12
    finally:
        await conn.close()
