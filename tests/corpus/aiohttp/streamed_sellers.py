"""An asynchronous generator fetches the seller of each item that passes by."""

import aiohttp


async def items(session):
    async with session.get("/items", params={"limit": 6}) as response:
        for item in (await response.json())["data"]:
            yield item


async def seller(session, number):
    async with session.get(f"/companies/{number}") as response:
        return await response.json()


async def with_sellers(session):
    async for item in items(session):
        item["seller"] = await seller(session, item["seller_id"])  # expect: PK102
        yield item


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        names = [item["seller"]["name"] async for item in with_sellers(session)]
    assert len(set(names)) == 6
