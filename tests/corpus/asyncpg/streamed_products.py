"""An asynchronous generator adds the product to each line that passes through it."""

import asyncpg


async def lines(conn):
    for row in await conn.fetch("SELECT id, sku, quantity FROM lines ORDER BY id LIMIT 11"):
        yield dict(row)


async def priced(conn, stream):
    async for line in stream:
        line["price"] = await conn.fetchval(  # expect: PK101
            "SELECT price FROM products WHERE sku = $1", line["sku"]
        )
        yield line


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    value = 0
    async for line in priced(conn, lines(conn)):
        value += line["price"] * line["quantity"]
    await conn.close()
    assert value > 0
