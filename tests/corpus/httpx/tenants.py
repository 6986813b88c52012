"""Reads the settings of three tenants. Right: each tenant has a server of its own."""

import asyncio

import httpx


class Tenant:
    def __init__(self, url, tls):
        self.client = httpx.AsyncClient(base_url=url, verify=tls)

    async def settings(self):
        try:
            return (await self.client.get("/config")).json()
        finally:
            await self.client.aclose()


async def main(world):
    tenants = [Tenant(url, world.tls) for url in world.shards]
    settings = await asyncio.gather(*(tenant.settings() for tenant in tenants))
    assert len(settings) == 3
