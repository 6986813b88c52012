"""Joins customers, their turnover and their settings. Right: one query and one request for all of them."""

import aiohttp
import asyncpg

TURNOVER = "SELECT customer_id, sum(total) FROM orders WHERE customer_id = ANY($1) GROUP BY customer_id"


async def ledger(conn, session):
    customers = await conn.fetch("SELECT id, name FROM customers ORDER BY id LIMIT 10")
    numbers = [customer["id"] for customer in customers]
    turnover = dict(await conn.fetch(TURNOVER, numbers))
    async with session.post("/users/batch", json={"ids": numbers}) as response:
        emails = {user["id"]: user["email"] for user in (await response.json())["data"]}
    return [(row["name"], turnover.get(row["id"]), emails.get(row["id"])) for row in customers]


async def main(world):
    conn = await asyncpg.connect(world.dsn)
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await ledger(conn, session)) == 10
    await conn.close()
