"""Tries a call again after a pause; the pause stops everything else on the loop."""

import asyncio
import time

import aiohttp

PAUSE_S = 0.08


async def publish(session, message):
    for attempt in range(3):
        async with session.post("/flaky/bus", params={"fail": 1}, json=message) as response:
            if response.status < 500:
                return attempt + 1
        time.sleep(PAUSE_S)  # expect: PK202
    raise RuntimeError("the bus does not answer")


async def heartbeat(beats):
    while True:
        beats.append(time.monotonic())
        await asyncio.sleep(0.01)


async def main(world):
    beats = []
    beating = asyncio.create_task(heartbeat(beats))
    async with aiohttp.ClientSession(world.url) as session:
        assert await publish(session, {"order": 17}) == 2
    beating.cancel()
