"""Uses a vendor's SDK from site-packages; the loop that calls it once per article is the application's."""

import aiohttp

from tests.corpus.aiohttp._installed import shopkit

WATCHED = [f"SKU-{n}" for n in (1004, 1009, 1016, 1025, 1036)]


class Watchlist:
    def __init__(self, client):
        self.client = client
        self.scores = {}

    async def refresh(self):
        await self.client.categories()
        for sku in WATCHED:
            self.scores[sku] = await self.client.reviews(sku)  # expect: PK102


async def main(world):
    async with aiohttp.ClientSession() as session:
        watchlist = Watchlist(shopkit.Client(session, world.url))
        await watchlist.refresh()
    assert set(watchlist.scores) == set(WATCHED)
