"""Reads a listing page by page. Right: only the answer tells whether there is a next page."""

import aiohttp


async def catalogue(session):
    page, found = 1, []
    while True:
        async with session.get("/items", params={"page": page, "per_page": 12}) as response:
            body = await response.json()
        found += body["data"]
        if not body["has_more"]:
            return found
        page += 1


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await catalogue(session)) == 60
