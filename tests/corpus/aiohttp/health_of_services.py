"""Asks four services for their health, one after another."""

import aiohttp


async def is_healthy(session, service):
    try:
        async with session.get(f"{service}/health", timeout=aiohttp.ClientTimeout(total=2)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def status_page(services):
    status = {}
    async with aiohttp.ClientSession() as session:
        for service in services:
            status[service] = await is_healthy(session, service)  # expect: PK201
    return status


async def main(world):
    assert all((await status_page([world.url, *world.shards])).values())
