"""Gives work to a thread, and then waits for its result in a way that holds the loop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import aiohttp


def compress(payload):
    time.sleep(0.09)
    return payload[:10]


async def archive(session, pool, payload):
    job = pool.submit(compress, payload)
    small = job.result()  # expect: PK202
    async with session.post("/logs", json={"bytes": len(small)}) as response:
        return (await response.json())["accepted"]


async def main(world):
    with ThreadPoolExecutor(max_workers=1) as pool:
        async with aiohttp.ClientSession(world.url) as session:
            accepted, _ = await asyncio.gather(archive(session, pool, b"x" * 100), asyncio.sleep(0.01))
    assert accepted == 1
