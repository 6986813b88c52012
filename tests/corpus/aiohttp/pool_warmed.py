"""Opens connections before the rush. Right: a few equal calls to one cheap address."""

import asyncio

import aiohttp

CONNECTIONS = 4


async def touch(session):
    async with session.head("/health") as response:
        await response.read()


async def main(world):
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(world.url, connector=connector) as session:
        await asyncio.gather(*(touch(session) for _ in range(2)))
        async with session.post("/search", json={"text": "lamp", "size": 20}) as response:
            assert (await response.json())["hits"]
