"""Loads many users. Right: in lists of ten, a few lists at a time."""

import asyncio

import aiohttp


def chunked(values, size):
    for start in range(0, len(values), size):
        yield values[start : start + size]


async def load(session, limit, numbers):
    wanted = ",".join(map(str, numbers))
    async with limit, session.get("/users", params={"ids": wanted}) as response:
        return (await response.json())["data"]


async def main(world):
    limit = asyncio.Semaphore(2)
    async with aiohttp.ClientSession(world.url) as session:
        parts = await asyncio.gather(*(load(session, limit, chunk) for chunk in chunked(range(1, 41), 10)))
    assert sum(map(len, parts)) == 40
