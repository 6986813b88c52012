"""Reads the stock of a basket over a pool: gathered, and still one query per article."""

import asyncio

import asyncpg


class Stock:
    def __init__(self, pool):
        self.pool = pool

    async def left(self, sku):
        return await self.pool.fetchval("SELECT stock FROM products WHERE sku = $1", sku)  # expect: PK101

    async def check(self, basket):
        left = await asyncio.gather(*[self.left(sku) for sku in basket])
        return all(have >= want for have, want in zip(left, basket.values(), strict=True))


async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=3, max_size=3) as pool:
        assert await Stock(pool).check({f"SKU-{n}": 1 for n in range(1, 11)})
