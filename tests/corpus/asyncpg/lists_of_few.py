"""Looks up products in lists of four. Right: lists, and few of them."""

import asyncio

import asyncpg


async def prices(pool, skus):
    rows = await pool.fetch("SELECT sku, price FROM products WHERE sku = ANY($1::text[])", skus)
    return dict(rows)


async def main(dsn):
    wanted = [f"SKU-{n}" for n in range(1, 17)]
    chunks = [wanted[start : start + 4] for start in range(0, 16, 4)]
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
        parts = await asyncio.gather(*(prices(pool, chunk) for chunk in chunks))
    assert sum(map(len, parts)) == 16
