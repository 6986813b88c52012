"""Makes a price list; a dictionary comprehension awaits one price after another."""

import aiohttp

SKUS = ("SKU-1003", "SKU-1007", "SKU-1011", "SKU-1020", "SKU-1042")


async def price(session, sku):
    async with session.get("/prices/" + sku) as response:
        found = await response.json()
    return found["value"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        prices = {
            sku: await price(session, sku)  # expect: PK102
            for sku in SKUS
        }
    assert sum(prices.values()) == 35
