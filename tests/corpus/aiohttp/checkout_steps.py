"""Places an order: pay, ship, tell. Right: these are writes whose order matters."""

import aiohttp


class Checkout:
    def __init__(self, session):
        self.session = session

    async def post(self, path, **body):
        async with self.session.post(path, json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def place(self, basket):
        order = await self.post("/orders", lines=basket)
        await self.post("/payments", order=order["id"], amount=90)
        await self.post(f"/orders/{order['id']}/ship")
        await self.post("/emails", to="ada@example.com", order=order["id"])
        return order["id"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await Checkout(session).place([{"sku": "SKU-1"}]) > 1000
