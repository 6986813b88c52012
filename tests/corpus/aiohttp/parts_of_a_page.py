"""Collects the parts of a page in a loop over their names, one after another."""

import aiohttp

PARTS = ("banners", "recommendations", "reviews", "shipping")


class Page:
    def __init__(self, session, locale):
        self.session = session
        self.locale = locale
        self.parts = {}

    async def part(self, name):
        async with self.session.get(f"/{name}", params={"locale": self.locale}) as response:
            self.parts[name] = await response.json()

    async def load(self):
        for name in PARTS:
            await self.part(name)  # expect: PK201


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        page = Page(session, "lv")
        await page.load()
    assert tuple(page.parts) == PARTS
