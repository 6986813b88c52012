"""Downloads a picture and works on its pixels in the coroutine, for a quarter of a second."""

import itertools

import aiohttp


def shrink(pixels, rounds=60):
    small = bytes(pixels)
    for _ in range(rounds):
        small = bytes((a + b) // 2 for a, b in itertools.pairwise(small[:100_000]))
    return small


async def thumbnail(session, name):
    async with session.get(f"/files/{name}") as response:
        picture = await response.read()
    return shrink(picture)  # expect: PK202


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await thumbnail(session, "cover.raw")) > 1000
