"""Follows the cursor of a listing. Right: the cursor comes with the page before."""

import aiohttp


class Pages:
    def __init__(self, session, path, limit=15):
        self.session, self.path, self.limit = session, path, limit
        self.cursor = "0"

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.cursor is None:
            raise StopAsyncIteration
        params = {"cursor": self.cursor, "limit": self.limit}
        async with self.session.get(self.path, params=params) as response:
            page = await response.json()
        self.cursor = page["next_cursor"]
        return page["data"]


async def main(world):
    total = 0
    async with aiohttp.ClientSession(world.url) as session:
        async for orders in Pages(session, "/orders"):
            total += sum(order["total"] for order in orders)
    assert total > 0
