"""The start page's data: three independent calls, each waiting for the one before it."""

import aiohttp


async def fetch(session, path):
    async with session.get(path) as response:
        response.raise_for_status()
        return await response.json()


async def dashboard(session):
    profile = await fetch(session, "/profile")  # expect: PK201
    feed = await fetch(session, "/feed")
    alerts = await fetch(session, "/notifications")
    return {"profile": profile, "feed": feed, "alerts": alerts}


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert set(await dashboard(session)) == {"profile", "feed", "alerts"}
