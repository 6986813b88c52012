"""Loads the permissions of all members of a team at once: still a request per member."""

import asyncio

import httpx


class Permissions:
    def __init__(self, client):
        self.client = client

    async def of(self, member):
        response = await self.client.get(f"/users/{member}/permissions")  # expect: PK102
        return member, response.json()["permissions"]

    async def of_all(self, members):
        return dict(await asyncio.gather(*map(self.of, members)))


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        granted = await Permissions(client).of_all(range(1, 11))
    assert len(granted) == 10
