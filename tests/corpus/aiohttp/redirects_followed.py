"""Opens a short link that leads over three others. Right: the program makes one call."""

import aiohttp


async def resolve(session, path):
    async with session.get(path, max_redirects=5) as response:
        return str(response.url), await response.json()


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        url, who = await resolve(session, "/redirect/3")
    assert url.endswith("/whoami")
    assert who["name"] == "whoami"
