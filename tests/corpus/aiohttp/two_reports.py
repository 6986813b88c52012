"""Compares two months. Right: two calls from one place are no loop."""

import aiohttp


async def sales(session, month):
    async with session.get("/summary", params={"month": month}) as response:
        return (await response.json())["value"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        totals = {month: await sales(session, month) for month in ("2024-03", "2024-04")}
    assert totals["2024-03"] == totals["2024-04"]
