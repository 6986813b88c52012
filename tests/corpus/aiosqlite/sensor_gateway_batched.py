"""Receives measurements over a queue. Right: collects a few and stores them with executemany."""

import asyncio

import aiosqlite


async def receive(queue):
    for number in range(45):
        await queue.put((number % 10 + 1, f"2024-09-{number // 10 + 1:02}", number))
    await queue.put(None)


async def batches(queue, size):
    batch = []
    while (measurement := await queue.get()) is not None:
        batch.append(measurement)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def store(queue, db):
    async for batch in batches(queue, 10):
        await db.executemany("INSERT INTO readings VALUES (?, ?, ?)", batch)
        await db.commit()


async def main(world):
    queue = asyncio.Queue()
    async with aiosqlite.connect(world.path) as db:
        await asyncio.gather(receive(queue), store(queue, db))
