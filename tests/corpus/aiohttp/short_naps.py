"""Reads a sensor between naps that hold the loop: short ones, but time.sleep in a coroutine all the same."""

import time

import aiohttp


async def sample(session, readings):
    async with session.get("/weather", params={"station": 4}) as response:
        readings.append((await response.json())["value"])
    for _ in range(4):
        readings.append(readings[-1] + 1)
        time.sleep(0.02)  # expect: PK202


async def main(world):
    readings = []
    async with aiohttp.ClientSession(world.url) as session:
        await sample(session, readings)
    assert len(readings) == 5
