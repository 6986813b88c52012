"""Compares the stock of the shop with the warehouse's: a row and a request for each article, gathered."""

import asyncio

import aiohttp
import asyncpg


class Comparison:
    def __init__(self, pool, session):
        self.pool = pool
        self.session = session

    async def here(self, sku):
        return await self.pool.fetchval("SELECT stock FROM products WHERE sku = $1", sku)  # expect: PK101

    async def there(self, sku):
        async with self.session.get(f"/stock/{sku}") as response:  # expect: PK102
            return (await response.json())["value"]

    async def differs(self, sku):
        here, there = await asyncio.gather(self.here(sku), self.there(sku))
        return sku if here != there else None


async def main(world):
    pool = await asyncpg.create_pool(world.dsn, min_size=2, max_size=2)
    async with pool, aiohttp.ClientSession(world.url) as session:
        comparison = Comparison(pool, session)
        skus = [f"SKU-{n}" for n in range(1, 11)]
        differing = await asyncio.gather(*(comparison.differs(sku) for sku in skus))
    assert any(differing)
