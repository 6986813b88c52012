"""Reads eighty contacts of a CRM portal. Right: two batches, which is as few as the portal allows."""

import aiohttp

BATCH = 50


async def batch(session, commands):
    async with session.post("/rest/1/s3cr3t/batch.json", json={"halt": 0, "cmd": commands}) as response:
        return (await response.json())["result"]["result"]


async def contacts(session, numbers):
    found = {}
    while numbers:
        some, numbers = numbers[:BATCH], numbers[BATCH:]
        found.update(await batch(session, {f"c{n}": f"crm.contact.get?id={n}" for n in some}))
    return found


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert len(await contacts(session, list(range(80)))) == 80
