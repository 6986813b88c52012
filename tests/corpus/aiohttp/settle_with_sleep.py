"""Gives a job a moment before it looks, by time.sleep in the coroutine."""

import time

import aiohttp


async def start(session):
    async with session.post("/jobs", json={"kind": "export"}) as response:
        return await response.json()


async def settled(session):
    job = await start(session)
    time.sleep(0.06)  # expect: PK202
    return job


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await settled(session)
