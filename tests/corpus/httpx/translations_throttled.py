"""Translates texts all at once, without a limit: the service refuses, and the program asks again at once."""

import asyncio

import httpx

TEXT = "good morning"


async def translate(client, language):
    path = f"/limited/translate?fail=6&to={language}"
    for _ in range(9):
        response = await client.post(path, json={"text": TEXT})  # expect: PK402
        if response.status_code != 429:
            return response.raise_for_status().json()
        await asyncio.sleep(0.002)
    raise RuntimeError("still refused")


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        done = await asyncio.gather(translate(client, "lv"), translate(client, "pt"))
    assert all(answer["ok"] for answer in done)
