"""Removes discontinued articles from the shop, each with a DELETE of its own."""

import logging

import aiohttp

log = logging.getLogger(__name__)


async def discontinued(session):
    async with session.get("/items", params={"seller_id": 2}) as response:
        page = await response.json()
    return [item["id"] for item in page["data"]]


async def purge(session):
    removed = 0
    for number in await discontinued(session):
        async with session.delete(f"/items/{number}") as response:  # expect: PK102
            if response.status == 204:
                removed += 1
            else:
                log.warning("item %s stays: %s", number, response.status)
    return removed


async def main(world):
    async with aiohttp.ClientSession(base_url=world.url) as session:
        assert await purge(session) == 10
