"""Sends a mailing as fast as it can; five answers in a row say that this is too fast."""

import asyncio

import aiohttp


async def send(session, campaign):
    while True:
        async with session.post("/limited/mailing?fail=5", json=campaign) as response:  # expect: PK402
            if response.status != 429:
                response.raise_for_status()
                return await response.json()
        await asyncio.sleep(0.005)


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        answer = await send(session, {"subject": "News", "list": "all"})
    assert answer["ok"]
