"""Checks a password in a coroutine: the many rounds of the hash hold the loop."""

import asyncio
import hashlib
import hmac

import aiohttp

ROUNDS = 1_000_000


class Accounts:
    def __init__(self):
        self.salt = b"pepper"
        self.stored = hashlib.pbkdf2_hmac("sha256", b"secret", self.salt, 1)

    async def log_in(self, session, password):
        given = hashlib.pbkdf2_hmac("sha256", password, self.salt, ROUNDS)  # expect: PK202
        if hmac.compare_digest(given, self.stored):
            return None
        async with session.post("/logs", json={"event": "login failed"}) as response:
            return response.status


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        status, _ = await asyncio.gather(Accounts().log_in(session, b"guess"), asyncio.sleep(0.01))
    assert status == 201
