"""For each customer a query in the database and a call of the billing service."""

import aiohttp
import asyncpg


class Billing:
    def __init__(self, session):
        self._session = session

    async def settings(self, number):
        async with self._session.get(f"/users/{number}/settings") as response:
            return (await response.json())["settings"]


async def ledger(conn, billing):
    rows = []
    for customer in await conn.fetch("SELECT id, name FROM customers ORDER BY id LIMIT 10"):
        total = await conn.fetchval(  # expect: PK101
            "SELECT sum(total) FROM orders WHERE customer_id = $1", customer["id"]
        )
        settings = await billing.settings(customer["id"])  # expect: PK102
        rows.append((customer["name"], total, settings))
    return rows


async def main(world):
    conn = await asyncpg.connect(world.dsn)
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await ledger(conn, Billing(session))) == 10
    await conn.close()
