"""Keeps answers of a service in a table, which is asked again for every row though few keys exist."""

import asyncpg
import httpx


class Cache:
    def __init__(self, conn, client):
        self.conn = conn
        self.client = client

    async def read(self, key):
        return await self.conn.fetchval("SELECT value FROM settings WHERE key = $1", key)

    async def rate(self, currency):
        value = await self.read(f"rate-{currency}")
        if value is None:
            value = str((await self.client.get("/rates", params={"of": currency})).json()["value"])
            await self.conn.execute("INSERT INTO settings VALUES ($1, $2)", f"rate-{currency}", value)
        return float(value)


async def main(world):
    amounts = [(100 + n, "USD" if n % 2 else "SEK") for n in range(14)]
    conn, total = await asyncpg.connect(world.dsn), 0
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        cache = Cache(conn, client)
        for amount, currency in amounts:
            total += amount * await cache.rate(currency)  # expect: PK103
    await conn.close()
    assert total > 0
