"""Relays events of a table to a service, in lists. Right: each step moves twenty."""

import asyncpg
import httpx

TAKE = "SELECT id, kind FROM events WHERE payload IS NOT NULL ORDER BY id LIMIT 20"
DONE = "UPDATE events SET payload = NULL WHERE id = ANY($1)"


class Relay:
    def __init__(self, conn, client):
        self.conn, self.client = conn, client

    async def step(self):
        async with self.conn.transaction():
            rows = await self.conn.fetch(TAKE)
            if rows:
                response = await self.client.post("/events", json=[dict(row) for row in rows])
                response.raise_for_status()
                await self.conn.execute(DONE, [row["id"] for row in rows])
        return len(rows)


async def main(world):
    conn = await asyncpg.connect(world.dsn)
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        relay, sent = Relay(conn, client), 0
        while step := await relay.step():
            sent += step
    await conn.close()
    assert sent == 45
