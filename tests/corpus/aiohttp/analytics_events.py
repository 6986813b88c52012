"""Sends the events of a session to the analytics service one by one."""

import time

import aiohttp


def recorded():
    for page in ("/", "/shoes", "/shoes/17", "/cart", "/checkout", "/thanks"):
        yield {"event": "page_view", "page": page, "at": time.time()}


class Analytics:
    def __init__(self, session):
        self._session = session
        self.sent = 0

    async def track(self, event):
        async with self._session.post("/events", json=event) as response:
            response.raise_for_status()
        self.sent += 1


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        analytics = Analytics(session)
        async with session.post("/metrics", json={"sessions": 1}):
            pass
        for event in recorded():
            await analytics.track(event)  # expect: PK102
    assert analytics.sent == 6
