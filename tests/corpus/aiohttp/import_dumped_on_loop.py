"""Uploads a big table as one JSON document, which is made on the event loop."""

import io
import json

import aiohttp

ROWS = [{"sku": f"SKU-{n}", "price": n * 1.01, "tags": ["new", str(n % 97)]} for n in range(200_000)]


async def upload(session, rows):
    document = json.dumps({"rows": rows, "replace": True}, sort_keys=True)  # expect: PK403
    async with session.post("/import", data=io.BytesIO(document.encode())) as response:
        response.raise_for_status()
        return (await response.json())["bytes"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await upload(session, ROWS) > 2_000_000
