"""Asks for the state of each of many jobs, once for each: there is no waiting in it, only a loop."""

import aiohttp


async def state(session, number):
    async with session.get(f"/jobs/{number}", params={"fields": "state"}) as response:
        return (await response.json())["state"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        states = [await state(session, number) for number in range(500, 507)]  # expect: PK102
    assert set(states) == {"running"}
