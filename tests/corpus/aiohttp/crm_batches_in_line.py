"""Reads 200 companies in batches of 50; each batch waits for the one before, of which it needs nothing."""

import aiohttp


def commands(numbers):
    return {f"c{number}": f"crm.company.get?id={number}" for number in numbers}


class Webhook:
    def __init__(self, session, base):
        self.session, self.base = session, base

    async def batch(self, cmd):
        url = f"{self.base}/rest/7/abcdef/batch"
        async with self.session.post(url, json={"halt": 0, "cmd": cmd}) as response:
            return (await response.json())["result"]["result"]


async def companies(webhook, numbers):
    found = {}
    for start in range(0, len(numbers), 50):
        chunk = numbers[start : start + 50]
        found.update(await webhook.batch(commands(chunk)))  # expect: PK203
    return found


async def main(world):
    async with aiohttp.ClientSession() as session:
        assert len(await companies(Webhook(session, world.url), list(range(1, 201)))) == 200
