"""Reads a listing page by page and stores each page at once. Right: one statement for each page."""

import asyncpg
import httpx


async def pages(client):
    cursor = "0"
    while cursor:
        response = await client.get("/items", params={"cursor": cursor, "limit": 15})
        body = response.json()
        yield body["data"]
        cursor = body["next_cursor"]


async def main(world):
    conn, stored = await asyncpg.connect(world.dsn), 0
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        async for page in pages(client):
            rows = [(item["sku"], item["name"], item["price"], 0) for item in page]
            await conn.executemany("INSERT INTO products VALUES ($1, $2, $3, $4)", rows)
            stored += len(rows)
    await conn.close()
    assert stored == 60
