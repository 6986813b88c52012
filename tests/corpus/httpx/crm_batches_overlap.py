"""Reads 250 contacts of a CRM in batches. Right: two batches are under way at any time."""

import asyncio

import httpx


async def batch(client, gate, numbers):
    commands = {f"c{number}": f"crm.contact.get?ID={number}" for number in numbers}
    async with gate:
        response = await client.post("/rest/3/abc/batch", json={"halt": 0, "cmd": commands})
    return response.json()["result"]["result"]


async def main(world):
    gate, found = asyncio.Semaphore(2), {}
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        parts = [range(start, start + 50) for start in range(0, 250, 50)]
        for part in await asyncio.gather(*(batch(client, gate, numbers) for numbers in parts)):
            found |= part
    assert len(found) == 250
