"""Makes tasks, but awaits each where it is made: nothing overlaps."""

import asyncio

import aiohttp


async def json_of(session, path):
    async with session.get(path) as response:
        return await response.json()


async def overview(session):
    summary = await asyncio.create_task(json_of(session, "/summary"))  # expect: PK201
    traffic = await asyncio.create_task(json_of(session, "/traffic"))
    weather = await asyncio.create_task(json_of(session, "/weather"))
    return summary, traffic, weather


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await overview(session)) == 3
