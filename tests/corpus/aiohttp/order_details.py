"""For each order its lines and then its shipment: a loop of two calls that take turns."""

import aiohttp


class Orders:
    def __init__(self, session):
        self.session = session

    async def part(self, number, name):
        async with self.session.get(f"/orders/{number}/{name}") as response:
            return (await response.json())[name]

    async def details(self, numbers):
        for number in numbers:
            lines = await self.part(number, "lines")  # expect: PK106
            shipment = await self.part(number, "shipment")
            yield number, lines, shipment


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        found = [detail async for detail in Orders(session).details(range(30, 38))]
    assert len(found) == 8
