"""Prepares a statement once, and runs it for each of the items: the round trips stay."""

import asyncpg


async def totals(conn, customers):
    statement = await conn.prepare("SELECT coalesce(sum(total), 0) FROM orders WHERE customer_id = $1")
    return {number: await statement.fetchval(number) for number in customers}  # expect: PK101


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    found = await totals(conn, range(1, 16))
    await conn.close()
    assert sum(found.values()) > 0
