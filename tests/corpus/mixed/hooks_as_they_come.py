"""Tells a service about each change that the database announces. Right: changes come one at a time.

A reviewer may still ask for lists where changes come fast; nothing in one run says how fast they will come.
"""

import asyncio

import aiohttp
import asyncpg


async def forward(queue, session, wanted):
    sent = 0
    while sent < wanted:
        order = await queue.get()
        async with session.post("/webhooks", json={"order": order}) as response:  # may: PK102
            sent += (await response.json())["accepted"]
    return sent


async def change(dsn, orders):
    conn = await asyncpg.connect(dsn)
    for order in orders:
        await asyncio.sleep(0.01)
        await conn.execute(f"NOTIFY orders, '{order}'")
    await conn.close()


async def main(world):
    queue = asyncio.Queue()
    conn = await asyncpg.connect(world.dsn)
    await conn.add_listener("orders", lambda *message: queue.put_nowait(message[-1]))
    async with aiohttp.ClientSession(world.url) as session:
        _, sent = await asyncio.gather(change(world.dsn, [5, 8, 13, 21]), forward(queue, session, 4))
    await conn.close()
    assert sent == 4
