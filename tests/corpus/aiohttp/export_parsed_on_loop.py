"""Reads a large export; its JSON is parsed on the event loop."""

import asyncio

import aiohttp


async def prices(session):
    async with session.get("/export") as response:
        rows = await response.json()  # expect: PK403
    return {row["id"]: row["price"] for row in rows[:1000]}


async def tick(ticks):
    while True:
        ticks.append(None)
        await asyncio.sleep(0.005)


async def main(world):
    ticks = []
    clock = asyncio.create_task(tick(ticks))
    async with aiohttp.ClientSession(world.url) as session:
        assert (await prices(session))[4] == 5.0
    clock.cancel()
