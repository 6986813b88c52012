"""Uses a synchronous library from asynchronous code. Right: its slow call runs in a thread of its own."""

import asyncio

import aiohttp
import requests


def weather(base):
    answer = requests.get(f"{base}/slow", params={"ms": 90}, timeout=5)
    return answer.json()["slept"]


async def profile(session):
    async with session.get("/profile") as response:
        return (await response.json())["name"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        name, sunny = await asyncio.gather(profile(session), asyncio.to_thread(weather, world.url))
    assert name == "profile"
    assert sunny
