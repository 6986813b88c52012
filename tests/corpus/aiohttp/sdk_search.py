"""Uses a vendor's SDK. Right: one search for all articles, and the categories beside it."""

import asyncio

import aiohttp

from tests.corpus.aiohttp._installed import shopkit


async def main(world):
    async with aiohttp.ClientSession() as session:
        client = shopkit.Client(session, world.url)
        categories, found = await asyncio.gather(
            client.categories(), client.search(skus=["SKU-1", "SKU-2", "SKU-3"], size=50)
        )
    assert categories["value"]
    assert found["hits"]
