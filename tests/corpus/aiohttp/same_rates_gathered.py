"""Prices items at once; every one of the tasks fetches the same rates."""

import asyncio

import aiohttp


class Pricing:
    def __init__(self, session, currency):
        self.session = session
        self.currency = currency

    async def _json(self, path, **params):
        async with self.session.get(path, params=params) as response:
            return await response.json()

    async def items(self):
        return (await self._json("/items", limit=6))["data"]

    async def convert(self, item):
        rates = await self._json("/rates", to=self.currency)  # expect: PK104
        return item["price"] * rates["value"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        pricing = Pricing(session, "USD")
        items = await pricing.items()
        prices = await asyncio.gather(*map(pricing.convert, items))
    assert len(prices) == 6
