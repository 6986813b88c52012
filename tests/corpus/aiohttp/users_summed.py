"""Adds up figures of users: the sum is carried from round to round, but no request needs it."""

import aiohttp


async def settings(session, user):
    async with session.get(f"/users/{user}/settings") as response:
        return (await response.json())["settings"]


async def longest(session, users):
    best, chosen = 0, None
    for user in users:
        found = await settings(session, user)  # expect: PK102
        if len(found) > best:
            best, chosen = len(found), user
    return chosen


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await longest(session, (5, 6, 7, 8)) == 5
