"""Uploads a file in parts, in order. Right: the protocol wants one PUT per part."""

import io

import aiohttp


async def upload(session, file, part_bytes):
    async with session.post("/uploads", json={"name": "video.mp4"}) as response:
        number = (await response.json())["id"]
    part = 1
    while chunk := file.read(part_bytes):
        async with session.put(f"/uploads/{number}/parts/{part}", data=chunk) as response:
            response.raise_for_status()
        part += 1
    async with session.post(f"/uploads/{number}/complete") as response:
        return (await response.json())["size"]


async def main(world):
    video = io.BytesIO(b"\0" * 100_000)
    async with aiohttp.ClientSession(world.url) as session:
        assert await upload(session, video, 30_000) == 100_000
