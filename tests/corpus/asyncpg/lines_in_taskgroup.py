"""Reads the lines of orders in a task group, behind a semaphore: one query per order all the same."""

import asyncio

import asyncpg

LINES = "SELECT sku, quantity FROM lines WHERE order_id = $1 ORDER BY id"


async def lines(pool, gate, order, into):
    async with gate, pool.acquire() as conn:
        into[order] = await conn.fetch(LINES, order)  # expect: PK101


async def main(dsn):
    found, gate = {}, asyncio.Semaphore(2)
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool, asyncio.TaskGroup() as group:
        tasks = [group.create_task(lines(pool, gate, order, found)) for order in range(1, 10)]
        await asyncio.wait(tasks)
    assert len(found) == 9
