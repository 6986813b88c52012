"""Spreads two reports over time with a pause that is meant well, and stops all that runs beside them."""

import asyncio
import time

import httpx


async def report(client, path, pause_s):
    response = await client.get(path)
    time.sleep(pause_s)  # expect: PK202
    return response.json()


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        reports = await asyncio.gather(report(client, "/summary", 0.06), report(client, "/traffic", 0.07))
    assert len(reports) == 2
