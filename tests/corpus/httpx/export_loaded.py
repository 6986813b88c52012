"""Downloads a large export with httpx and parses it in the coroutine."""

import json

import httpx


class Export:
    def __init__(self, client):
        self.client = client

    async def text(self):
        response = await self.client.get("/export")
        return response.text

    async def load(self):
        document = json.loads(await self.text())  # expect: PK403
        return {row["id"]: row["name"] for row in document[:500]}


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls, timeout=20) as client:
        assert (await Export(client).load())[9] == "Item 9"
