"""Watches a document for changes. Right: it asks with If-None-Match, and gets 304."""

import asyncio

import aiohttp


class Watched:
    def __init__(self, session, path):
        self.session, self.path = session, path
        self.etag, self.document = None, None

    async def refresh(self):
        headers = {"If-None-Match": self.etag} if self.etag else {}
        async with self.session.get(self.path, headers=headers) as response:
            if response.status == 304:
                return False
            self.etag = response.headers["ETag"]
            self.document = await response.json()
            return True


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        watched, changes = Watched(session, "/companies/3"), 0
        for _ in range(5):
            changes += await watched.refresh()
            await asyncio.sleep(0.01)
    assert changes == 1
