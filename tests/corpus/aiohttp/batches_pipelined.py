"""Stores rows in batches. Right: with two consumers no batch waits for another's answer."""

import asyncio

import aiohttp


async def produce(queue, rows, size):
    for start in range(0, len(rows), size):
        await queue.put(rows[start : start + size])
    await queue.put(None)


async def consume(queue, session):
    stored = 0
    while (rows := await queue.get()) is not None:
        async with session.post("/items/batch", json={"rows": rows}) as response:
            stored += (await response.json())["stored"]
    await queue.put(None)
    return stored


async def main(world):
    rows = [{"sku": f"N-{n}", "price": n} for n in range(60)]
    queue = asyncio.Queue(maxsize=2)
    async with aiohttp.ClientSession(world.url) as session:
        _, *stored = await asyncio.gather(
            produce(queue, rows, 10), consume(queue, session), consume(queue, session)
        )
    assert sum(stored) == len(rows)
