"""Uses a query that takes a list, with a list of one in each round."""

import asyncpg

BY_IDS = "SELECT id, city FROM customers WHERE id = ANY($1::int[])"


async def cities(conn, numbers):
    rows = await conn.fetch(BY_IDS, numbers)
    return {row["id"]: row["city"] for row in rows}


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    found = {}
    for number in range(1, 9):
        found |= await cities(conn, [number])  # expect: PK101
    await conn.close()
    assert len(found) == 8
