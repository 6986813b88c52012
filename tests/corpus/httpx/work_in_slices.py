"""Computes for long in a coroutine. Right: in slices of a few milliseconds, between which others run."""

import asyncio

import httpx


async def checksum(data, slice_bytes=20_000):
    total = 0
    for start in range(0, len(data), slice_bytes):
        for byte in data[start : start + slice_bytes]:
            total = (total * 31 + byte) % 1_000_003
        await asyncio.sleep(0)
    return total


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        data = (await client.get("/files/data.bin")).content
        total, health = await asyncio.gather(checksum(data), client.get("/health"))
    assert total > 0
    assert health.is_success
