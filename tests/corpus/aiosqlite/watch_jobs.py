"""Waits until the queue is empty. Right: asks again after a pause, until there is nothing left."""

import asyncio

import aiosqlite


async def waiting(db):
    async with db.execute("SELECT count(*) FROM jobs WHERE state = 'queued'") as cursor:
        return (await cursor.fetchone())[0]


async def until_done(db):
    while await waiting(db):
        await asyncio.sleep(0.005)


async def main(world):
    async with aiosqlite.connect(world.path, isolation_level=None) as db:
        watching = asyncio.create_task(until_done(db))
        await asyncio.sleep(0.04)
        await db.execute("UPDATE jobs SET state = 'done'")
        await watching
