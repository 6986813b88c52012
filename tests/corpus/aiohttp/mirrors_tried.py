"""Takes an answer from the first mirror that has one. Right: the next is asked only after a failure."""

import aiohttp


async def from_a_mirror(session, mirrors, path):
    problems = []
    for mirror in mirrors:
        try:
            async with session.get(mirror + path) as response:
                response.raise_for_status()
                return await response.json()
        except aiohttp.ClientError as problem:
            problems.append(f"{mirror}: {problem}")
    raise RuntimeError("; ".join(problems))


async def main(world):
    async with aiohttp.ClientSession() as session:
        found = await from_a_mirror(session, world.shards, "/flaky/package-1.2?fail=2")
    assert found["ok"]
