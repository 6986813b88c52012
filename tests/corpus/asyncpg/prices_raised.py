"""Raises prices, an UPDATE per article."""

import asyncpg


async def raise_prices(conn, skus, by):
    changed = 0
    async with conn.transaction():
        for sku in skus:
            status = await conn.execute(  # expect: PK105
                "UPDATE products SET price = price + $2 WHERE sku = $1", sku, by
            )
            changed += int(status.split()[-1])
    return changed


async def main(dsn):
    conn = await asyncpg.connect(dsn)
    try:
        assert await raise_prices(conn, [f"SKU-{n}" for n in range(3, 12)], 1) == 9
    finally:
        await conn.close()
