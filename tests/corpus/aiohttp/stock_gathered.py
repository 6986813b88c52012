"""Checks the stock of a basket: all at once, at most four at a time, and still one call per article."""

import asyncio

import aiohttp


async def in_stock(session, limit, base, sku):
    async with limit, session.get(f"{base}/stock/{sku}") as response:  # expect: PK102
        return sku, (await response.json())["value"]


async def check_basket(base, basket):
    limit = asyncio.Semaphore(4)
    async with aiohttp.ClientSession() as session:
        pairs = await asyncio.gather(*(in_stock(session, limit, base, sku) for sku in basket))
    return dict(pairs)


async def main(world):
    basket = [f"SKU-{number}" for number in range(1001, 1013)]
    stock = await check_basket(world.url, basket)
    assert all(amount > 0 for amount in stock.values())
