"""The front page with the driver's async half. Right: two different queries, each on its own connection."""

import asyncio

import psycopg


async def newest(dsn):
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        cursor = await conn.execute("SELECT title FROM posts ORDER BY published_on DESC LIMIT 3")
        return await cursor.fetchall()


async def stock(dsn):
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        cursor = await conn.execute("SELECT category_id, sum(stock) FROM products GROUP BY category_id")
        return dict(await cursor.fetchall())


async def main(world):
    titles, stocks = await asyncio.gather(newest(world.dsn), stock(world.dsn))
    assert len(titles) == 3
    assert len(stocks) == 9
