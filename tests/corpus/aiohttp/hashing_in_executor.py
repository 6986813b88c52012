"""Checks the sum of a download. Right: the long computation runs in an executor, the loop goes on."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

import aiohttp

ROUNDS = 60_000


def fingerprint(content):
    return hashlib.pbkdf2_hmac("sha256", content[:64], b"salt", ROUNDS).hex()


async def main(world):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1) as pool:
        async with aiohttp.ClientSession(world.url) as session:
            async with session.get("/files/key.bin") as response:
                content = await response.read()
            assert len(await loop.run_in_executor(pool, fingerprint, content)) == 64
