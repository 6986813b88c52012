"""Runs jobs behind a decorator that looks up the feature flags again each time."""

import functools

import aiohttp


def behind(flag):
    def decorate(method):
        @functools.wraps(method)
        async def guarded(self, *args):
            if flag not in await self.flags():
                return None
            return await method(self, *args)

        return guarded

    return decorate


class Worker:
    def __init__(self, session):
        self.session = session
        self.done = []

    async def flags(self):
        async with self.session.get("/config", params={"of": "flags"}) as response:
            return await response.json()

    @behind("value")
    async def resize(self, picture):
        self.done.append(picture)


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        worker = Worker(session)
        for picture in ("a.png", "b.png", "c.png", "d.png"):
            await worker.resize(picture)  # expect: PK104
    assert len(worker.done) == 4
