"""Compares the offers of several providers, each with an API of its own; one is asked after another."""

import httpx


class Provider:
    path = ""

    def __init__(self, client):
        self.client = client

    async def price(self, sku):
        response = await self.client.get(self.path.format(sku=sku))
        return response.json()["value"]


class Shop(Provider):
    path = "/prices/{sku}"


class Market(Provider):
    path = "/stock/{sku}"


class Outlet(Provider):
    path = "/reviews/{sku}"


async def best(providers, sku):
    prices = [await provider.price(sku) for provider in providers]  # expect: PK201
    return min(prices)


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        assert await best([kind(client) for kind in (Shop, Market, Outlet)], "SKU-7") == 7
