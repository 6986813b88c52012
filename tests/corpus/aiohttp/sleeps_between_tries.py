"""Waits for a file to appear. Right: asyncio.sleep gives the loop to the others meanwhile."""

import asyncio
import time

import aiohttp


async def appear(session, path):
    while True:
        async with session.head(path) as response:
            if response.status == 200:
                return path
        await asyncio.sleep(0.08)


async def ticks(seen):
    while True:
        seen.append(time.monotonic())
        await asyncio.sleep(0.01)


async def main(world):
    seen = []
    ticking = asyncio.create_task(ticks(seen))
    async with aiohttp.ClientSession(world.url) as session:
        await appear(session, "/flaky/report.csv?fail=1")
    ticking.cancel()
    assert len(seen) > 2
