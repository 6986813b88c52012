"""Asks the database and a service for one user. Right: the two calls overlap."""

import asyncio

import aiohttp
import asyncpg


async def permissions(session, number):
    async with session.get(f"/users/{number}/permissions") as response:
        return (await response.json())["permissions"]


async def page(pool, session, number):
    return await asyncio.gather(
        pool.fetchrow("SELECT name, city FROM customers WHERE id = $1", number),
        pool.fetch("SELECT id, total FROM orders WHERE customer_id = $1 ORDER BY id", number),
        permissions(session, number),
    )


async def main(world):
    pool = await asyncpg.create_pool(world.dsn, min_size=1, max_size=2)
    async with pool, aiohttp.ClientSession(world.url) as session:
        customer, orders, permitted = await page(pool, session, 7)
    assert customer["city"] == "Riga"
    assert len(orders) == 2
    assert permitted
