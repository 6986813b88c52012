"""Walks through items by key. Right: each page starts behind the last id of the one before."""

import httpx


async def walk(client):
    last = 0
    while True:
        response = await client.get("/items", params={"after_id": last, "limit": 18})
        rows = response.json()["data"]
        if not rows:
            return
        for row in rows:
            yield row
        last = rows[-1]["id"]


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        prices = [row["price"] async for row in walk(client)]
    assert len(prices) == 60
