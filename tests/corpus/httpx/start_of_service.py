"""Loads at its start what a service needs: four documents, in line."""

import httpx


class Service:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.ready = False

    async def _load(self, name: str) -> dict:
        response = await self._client.get(f"/{name}")
        return response.raise_for_status().json()

    async def start(self) -> None:
        self.config = await self._load("config")  # expect: PK201
        self.categories = await self._load("categories")
        self.rates = await self._load("rates")
        self.banners = await self._load("banners")
        self.ready = True


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        service = Service(client)
        await service.start()
    assert service.ready
