"""Gets pages with requests in the default executor, one per user: the commonest recipe for it."""

import asyncio

import aiohttp
import requests


async def fetch_all(urls):
    loop = asyncio.get_running_loop()
    jobs = [loop.run_in_executor(None, requests.get, url) for url in urls]  # expect: PK102  # may: PK401
    return [job.json() for job in await asyncio.gather(*jobs)]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session, session.get("/health") as response:
        assert response.ok
    users = await fetch_all([f"{world.url}/users/{number}" for number in range(1, 8)])
    assert [user["id"] for user in users] == list(range(1, 8))
