"""Calls an asynchronous service, and a second one with requests: the loop stands still meanwhile."""

import aiohttp
import requests


class Greeting:
    def __init__(self, base):
        self.base = base

    def weather(self):
        answer = requests.get(f"{self.base}/slow", params={"ms": 90}, timeout=5)
        answer.raise_for_status()
        return "sunny" if answer.json()["slept"] else "unknown"

    async def text(self, session):
        async with session.get(f"{self.base}/profile") as response:
            profile = await response.json()
        weather = self.weather()  # expect: PK202
        return f"Hello {profile['name']}, it is {weather}"


async def main(world):
    async with aiohttp.ClientSession() as session:
        assert (await Greeting(world.url).text(session)).endswith("sunny")
