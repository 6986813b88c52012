"""A coroutine runs a slow query with a synchronous driver, beside calls that wait for it."""

import asyncio

import httpx
import psycopg


class Reports:
    def __init__(self, connection):
        self.connection = connection

    def turnover(self):
        row = self.connection.execute("SELECT sum(total), pg_sleep(0.1) FROM orders").fetchone()
        return row[0]

    async def build(self, client):
        title = (await client.get("/config")).json()["name"]
        return title, self.turnover()  # expect: PK202


async def main(world):
    connection = await asyncio.to_thread(psycopg.connect, world.dsn, autocommit=True)
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        report, _ = await asyncio.gather(Reports(connection).build(client), client.get("/health"))
    connection.close()
    assert report == ("config", 3240)
