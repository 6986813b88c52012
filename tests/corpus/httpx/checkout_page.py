"""Collects what the checkout page needs: taxes, shipping, recommendations, each only after the last."""

import httpx


class CheckoutPage:
    def __init__(self, client, country):
        self.client = client
        self.country = country

    async def _get(self, path):
        response = await self.client.get(path, params={"country": self.country})
        return response.raise_for_status().json()

    async def load(self):
        self.taxes = await self._get("/taxes")  # expect: PK201
        self.shipping = await self._get("/shipping")
        self.recommendations = await self._get("/recommendations")
        return self


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        page = await CheckoutPage(client, "LV").load()
    assert page.taxes["country"] == page.shipping["country"] == "LV"
