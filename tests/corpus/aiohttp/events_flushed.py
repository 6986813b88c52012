"""Collects events and sends them together. Right: forty events, four requests."""

import aiohttp


class Buffer:
    def __init__(self, session, size=10):
        self.session, self.size = session, size
        self.waiting = []

    async def add(self, event):
        self.waiting.append(event)
        if len(self.waiting) >= self.size:
            await self.flush()

    async def flush(self):
        events, self.waiting = self.waiting, []
        if events:
            async with self.session.post("/events", json=events) as response:
                response.raise_for_status()


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        buffer = Buffer(session)
        for number in range(40):
            await buffer.add({"page": f"/p/{number}", "ms": number})
        await buffer.flush()
    assert not buffer.waiting
