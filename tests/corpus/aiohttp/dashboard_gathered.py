"""The start page's data. Right: the independent calls overlap."""

import asyncio

import aiohttp


async def fetch(session, path):
    async with session.get(path) as response:
        response.raise_for_status()
        return await response.json()


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        profile, feed, notifications, alerts = await asyncio.gather(
            fetch(session, "/profile"),
            fetch(session, "/feed"),
            fetch(session, "/notifications"),
            fetch(session, "/alerts"),
        )
    assert profile["value"] == feed["value"] == notifications["value"] == alerts["value"]
