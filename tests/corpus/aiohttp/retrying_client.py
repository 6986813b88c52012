"""Sets the plan of each user through a client whose methods are decorated: timed, and tried again."""

import asyncio
import functools
import time

import aiohttp


def retried(times=3):
    def decorate(method):
        @functools.wraps(method)
        async def attempt(*args, **kwargs):
            for left in reversed(range(times)):
                try:
                    return await method(*args, **kwargs)
                except aiohttp.ClientError:
                    if not left:
                        raise
                    await asyncio.sleep(0.01)
            return None

        return attempt

    return decorate


def timed(method):
    @functools.wraps(method)
    async def measure(self, *args, **kwargs):
        started = time.perf_counter()
        try:
            return await method(self, *args, **kwargs)
        finally:
            self.spent += time.perf_counter() - started

    return measure


class Accounts:
    def __init__(self, session):
        self.session = session
        self.spent = 0.0

    @timed
    @retried(times=2)
    async def list_free(self):
        async with self.session.get("/users", params={"limit": 8}) as response:
            return (await response.json())["data"]

    @timed
    @retried()
    async def upgrade(self, user, plan):
        async with self.session.patch(f"/users/{user['id']}", json={"plan": plan}) as response:
            return await response.json()


async def upgrade_all(accounts):
    for user in await accounts.list_free():
        await accounts.upgrade(user, "team")  # expect: PK102
    return accounts.spent


async def main(world):
    async with aiohttp.ClientSession(world.url, raise_for_status=True) as session:
        assert await upgrade_all(Accounts(session)) > 0
