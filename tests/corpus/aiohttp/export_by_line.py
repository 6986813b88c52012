"""Reads a large export. Right: line by line as it arrives, so that no step takes long."""

import json

import aiohttp


async def rows(session):
    async with session.get("/export.ndjson") as response:
        async for line in response.content:
            yield json.loads(line)


async def main(world):
    total = 0
    async with aiohttp.ClientSession(world.url) as session:
        async for row in rows(session):
            total += row["price"]
    assert total == sum(range(3000))
