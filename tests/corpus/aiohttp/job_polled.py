"""Starts an export and asks until it is done. Right: between two questions it sleeps."""

import asyncio

import aiohttp


async def run_job(session, kind, pause_s=0.01):
    async with session.post("/jobs", json={"kind": kind}) as response:
        job = await response.json()
    while job["state"] != "done":
        await asyncio.sleep(pause_s)
        async with session.get(f"/jobs/{job['id']}") as response:
            job = await response.json()
    return job


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert (await run_job(session, "export"))["state"] == "done"
