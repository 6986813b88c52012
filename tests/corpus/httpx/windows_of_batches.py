"""Imports rows in batches, three at a time: each window waits for the slowest batch of the one before."""

import asyncio

import httpx

ROWS = [{"sku": f"SKU-{n}", "stock": n} for n in range(450)]


def chunks(values, size):
    return [values[start : start + size] for start in range(0, len(values), size)]


async def store(client, rows):
    response = await client.post("/items/batch", json={"rows": rows})  # expect: PK203
    return response.json()["stored"]


async def main(world):
    stored = 0
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        for window in chunks(chunks(ROWS, 50), 3):
            stored += sum(await asyncio.gather(*(store(client, rows) for rows in window)))
    assert stored == len(ROWS)
