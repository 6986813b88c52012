"""Leads an order through its states. Right: one order, and each state may only follow the one before."""

import aiohttp


async def advance(session, number, states):
    for state in states:
        async with session.patch(f"/orders/{number}", json={"status": state}) as response:
            response.raise_for_status()
            assert (await response.json())["status"] == state


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        await advance(session, 12, ("accepted", "paid", "packed", "shipped"))
