"""Cancels orders all at once; the service refuses each of them at first."""

import asyncio

import aiohttp


async def cancel(session, number):
    for attempt in range(4):
        async with session.post(f"/limited/{number}", params={"fail": 1}) as response:  # expect: PK102, PK402
            if response.status != 429:
                return response.status
        await asyncio.sleep(0.003 * (attempt + 1))
    return 429


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        statuses = await asyncio.gather(*(cancel(session, number) for number in range(51, 59)))
    assert set(statuses) == {200}
