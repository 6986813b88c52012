"""Two parts of a program that know nothing of each other read the same settings. Right: it is no loop."""

import aiohttp


async def mail_settings(session):
    async with session.get("/config") as response:
        return (await response.json())["value"]


async def payment_settings(session):
    async with session.get("/config") as response:
        return (await response.json())["value"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await mail_settings(session) == await payment_settings(session)
