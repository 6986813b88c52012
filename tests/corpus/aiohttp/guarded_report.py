"""Shows a report to those who may see it. Right: each call is made only if the answer before allows it."""

import aiohttp


class Forbidden(Exception):  # noqa: N818 - the name that users of the service know
    pass


class Reports:
    def __init__(self, session):
        self.session = session

    async def fetch(self, path):
        async with self.session.get(path) as response:
            return await response.json()

    async def show(self):
        me = await self.fetch("/whoami")
        if me["name"] != "whoami":
            raise Forbidden
        profile = await self.fetch("/profile")
        if not profile["value"]:
            raise Forbidden
        return await self.fetch("/summary")


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert (await Reports(session).show())["value"] == 42
