"""Workers take numbers from a queue and look each one up."""

import asyncio

import asyncpg


async def worker(queue, pool, emails):
    async with pool.acquire() as conn:
        while not queue.empty():
            number = queue.get_nowait()
            row = await conn.fetchrow("SELECT email FROM customers WHERE id = $1", number)  # expect: PK101
            emails[number] = row["email"]


async def main(dsn):
    queue, emails = asyncio.Queue(), {}
    for number in range(1, 21):
        queue.put_nowait(number)
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
        await asyncio.gather(*(worker(queue, pool, emails) for _ in range(2)))
    assert len(emails) == 20
