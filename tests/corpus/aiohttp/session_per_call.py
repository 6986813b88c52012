"""A helper that opens a session for every request, called for each order."""

import aiohttp


async def get_json(url):
    async with aiohttp.ClientSession() as session, session.get(url) as response:  # expect: PK401
        return await response.json()


async def invoices(base, numbers):
    found = {}
    for number in numbers:
        found[number] = await get_json(f"{base}/orders/{number}/invoice")  # expect: PK102
    return found


async def main(world):
    assert len(await invoices(world.url, range(20, 26))) == 6
