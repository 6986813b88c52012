"""Each of the gathered tasks opens a session for its one request."""

import asyncio

import aiohttp


async def settings(base, user):
    async with aiohttp.ClientSession(base) as session:
        response = await session.get(f"/users/{user}/settings")  # expect: PK102, PK401
        return (await response.json())["settings"]


async def main(world):
    found = await asyncio.gather(*(settings(world.url, user) for user in range(1, 8)))
    assert len(found) == 7
