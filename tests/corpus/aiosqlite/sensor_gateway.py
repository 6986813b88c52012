"""Receives measurements over a queue: an INSERT and a commit for each."""

import asyncio

import aiosqlite


async def receive(queue):
    for device in range(1, 9):
        await queue.put((device, "2024-08-01", device * 2))
    await queue.put(None)


async def store(queue, db):
    while measurement := await queue.get():
        await db.execute("INSERT INTO readings VALUES (?, ?, ?)", measurement)  # expect: PK105
        await db.commit()


async def main(world):
    queue = asyncio.Queue()
    async with aiosqlite.connect(world.path) as db:
        await asyncio.gather(receive(queue), store(queue, db))
