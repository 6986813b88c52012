"""Adds up a figure over the shards of a service. Right: one request per shard, all at once."""

import asyncio

import aiohttp


async def count(session, shard):
    async with session.get(f"{shard}/summary", params={"metric": "orders"}) as response:
        return (await response.json())["value"]


async def main(world):
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        counts = [group.create_task(count(session, shard)) for shard in world.shards]
        await asyncio.wait(counts)
    assert sum(task.result() for task in counts) == 42 * len(world.shards)
