"""A coroutine posts a webhook with requests, while another one counts: the count stops meanwhile."""

import asyncio

import requests


async def count(state):
    while not state["done"]:
        state["count"] += 1
        await asyncio.sleep(0.001)


async def notify(url, order):
    await asyncio.sleep(0)
    return requests.post(f"{url}/events", json={"order": order}, timeout=10)  # expect: PK202


async def run(world):
    state = {"done": False, "count": 0}
    counting = asyncio.create_task(count(state))
    response = await notify(world.url, 17)
    state["done"] = True
    await counting
    return response


def main(world):
    assert asyncio.run(run(world)).ok
