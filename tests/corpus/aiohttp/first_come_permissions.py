"""Takes the permissions of users as they come in: as_completed, one request per user."""

import asyncio

import aiohttp


async def get(session, path, **params):
    async with session.get(path, params=params) as response:
        return await response.json()


async def permissions(session, user):
    found = await get(session, f"/users/{user['id']}/permissions")  # expect: PK102
    return user["email"], found["permissions"]


async def main(world):
    allowed = {}
    async with aiohttp.ClientSession(world.url) as session:
        users = (await get(session, "/users", limit=7))["data"]
        for done in asyncio.as_completed([permissions(session, user) for user in users]):
            email, granted = await done
            allowed[email] = granted
    assert len(allowed) == 7
