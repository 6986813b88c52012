"""Reads three figures for a chart. Right: the service allows few calls a second."""

import asyncio
import time

import aiohttp


class Pace:
    """At most one call per interval."""

    def __init__(self, interval_s):
        self.interval_s = interval_s
        self.next_at = 0.0

    async def turn(self):
        wait = self.next_at - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self.next_at = time.monotonic() + self.interval_s


async def main(world):
    pace, figures = Pace(0.02), {}
    async with aiohttp.ClientSession(world.url) as session:
        for figure in ("summary", "traffic", "alerts"):
            await pace.turn()
            async with session.get(f"/{figure}") as response:
                figures[figure] = (await response.json())["value"]
    assert len(figures) == 3
