"""Reads all pages of the catalogue, but connects anew for each of them."""

import aiohttp


async def pages(base):
    number = 1
    while number:
        path = f"/items?page={number}&per_page=10"
        async with aiohttp.ClientSession(base) as session, session.get(path) as response:  # expect: PK401
            page = await response.json()
        yield page["data"]
        number = number + 1 if page["has_more"] else None


async def main(world):
    names = [item["name"] async for page in pages(world.url) for item in page]
    assert len(names) == 60
