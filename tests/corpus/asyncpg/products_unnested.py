"""Changes many products with one statement. Right: arrays travel as parameters, unnest makes rows of them."""

import asyncpg

UPSERT = """
INSERT INTO products (sku, name, price, stock)
SELECT * FROM unnest($1::text[], $2::text[], $3::numeric[], $4::int[])
ON CONFLICT (sku) DO UPDATE SET price = excluded.price, stock = excluded.stock
"""


async def upsert(conn, products):
    columns = zip(*products, strict=True)
    await conn.execute(UPSERT, *map(list, columns))


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    await upsert(conn, [(f"SKU-{n}", f"New {n}", n * 2, n) for n in range(20, 60)])
    assert await conn.fetchval("SELECT count(*) FROM products") == 59
    await conn.close()
