"""Uses a synchronous driver in a coroutine. Right: its slow query runs in a thread."""

import asyncio

import aiohttp
import psycopg


def turnover(dsn):
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT sum(total), pg_sleep(0.08) FROM orders").fetchone()[0]


async def title(session):
    async with session.get("/config") as response:
        return (await response.json())["name"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        total, name = await asyncio.gather(asyncio.to_thread(turnover, world.dsn), title(session))
    assert (total, name) == (3240, "config")
