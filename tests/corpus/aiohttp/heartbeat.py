"""Tells a coordinator that this worker lives, until the work is done. Right: one beat per interval."""

import asyncio
import contextlib

import aiohttp


async def beat(session, worker, interval_s=0.01):
    while True:
        async with session.post("/metrics", json={"worker": worker, "alive": True}) as response:
            response.raise_for_status()
        await asyncio.sleep(interval_s)


@contextlib.asynccontextmanager
async def alive(session, worker):
    beating = asyncio.create_task(beat(session, worker))
    try:
        yield
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating


async def main(world):
    async with aiohttp.ClientSession(world.url) as session, alive(session, "w-1"):
        await asyncio.sleep(0.07)
