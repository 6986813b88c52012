"""A coroutine uses the synchronous client: the loop waits with it."""

import asyncio

import httpx


def report(client):
    return client.get("/slow", params={"ms": 110}).json()


async def nightly(client):
    await asyncio.sleep(0)
    done = report(client)  # expect: PK202
    return done["slept"]


async def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert await nightly(client)
