"""Writes a report of users: each user is fetched by itself."""

import aiohttp

ACTIVE_USERS = [3, 8, 11, 17, 23, 31]


def line(user):
    return f"{user['id']:>4}  {user['email']}"


async def report(base, user_ids):
    lines = []
    async with aiohttp.ClientSession() as session:
        for user_id in user_ids:
            async with session.get(f"{base}/users/{user_id}") as response:  # expect: PK102
                response.raise_for_status()
                lines.append(line(await response.json()))
    return "\n".join(lines)


async def main(world):
    text = await report(world.url, ACTIVE_USERS)
    assert text.count("\n") == len(ACTIVE_USERS) - 1
