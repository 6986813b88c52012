"""The token is got by an older synchronous class, whose method a coroutine calls."""

import asyncio

import aiohttp
import requests


class Tokens:
    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def fresh(self):
        answer = self.session.get(f"{self.url}/config", timeout=10)
        answer.raise_for_status()
        return answer.json()["name"]


async def orders(tokens, client):
    await asyncio.sleep(0)
    headers = {"Authorization": tokens.fresh()}  # expect: PK202
    async with client.get("/health", headers=headers) as response:
        return response.status


async def main(world):
    tokens = Tokens(world.url)
    async with aiohttp.ClientSession(world.url) as client:
        assert await orders(tokens, client) == 200
    tokens.session.close()
