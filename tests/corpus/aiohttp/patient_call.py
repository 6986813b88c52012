"""Repeats a call that the server is too busy for. Right: one refusal, and a pause as the answer asks for."""

import asyncio

import aiohttp

RETRIED = {429, 502, 503, 504}


async def patient(session, method, path, attempts=4, **options):
    for attempt in range(attempts):
        async with session.request(method, path, **options) as response:
            if response.status not in RETRIED:
                response.raise_for_status()
                return await response.json()
            pause = float(response.headers.get("Retry-After", 0)) or 0.005 * 2**attempt
        await asyncio.sleep(pause)
    raise TimeoutError(path)


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        quote = await patient(session, "GET", "/flaky/quote", params={"fail": 1})
        body = {"quote": quote["key"]}
        order = await patient(session, "POST", "/limited/order", params={"fail": 1}, json=body)
    assert order["ok"]
