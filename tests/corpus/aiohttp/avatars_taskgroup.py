"""Loads the avatars of a team in a task group, one request per member."""

import asyncio

import aiohttp


class Directory:
    """The company's directory service."""

    def __init__(self, base):
        self.base = base
        self.session = None

    async def __aenter__(self):
        self.session = aiohttp.ClientSession(self.base)
        return self

    async def __aexit__(self, *exc_info):
        await self.session.close()

    async def _get(self, path):
        async with self.session.get(path) as response:
            return await response.json()

    async def members(self):
        return (await self._get("/users?limit=9"))["data"]

    async def avatar(self, member):
        found = await self._get(f"/users/{member['id']}/avatar")  # expect: PK102
        member["avatar"] = found["avatar"]


async def main(world):
    async with Directory(world.url) as directory:
        team = await directory.members()
        async with asyncio.TaskGroup() as group:
            for member in team:
                group.create_task(directory.avatar(member))
    assert all("avatar" in member for member in team)
