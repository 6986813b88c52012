"""A small Bitrix24 client around aiohttp, as a careful author writes it. Scenarios share it.

One session, a throttle that keeps to the documented limit, refused calls sent again, pages read by batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from perfkit.bench.strategies import chunks
from perfkit.worlds import Access
from perfkit.worlds.bitrix24.php import build_query

BATCH = 50
"""Commands in one batch request, and rows on one page."""

Params = dict[str, Any]
Row = dict[str, str]


def command(method: str, params: Params) -> str:
    """One command of a batch."""
    return f"{method}?{build_query(params)}"


class Throttle:
    """Lets ``burst`` requests pass at once and ``per_second`` a second afterwards. Sleeps without a lock."""

    def __init__(self, burst: int, per_second: float) -> None:
        # The portal's counter falls once a second, so up to a second's worth may still be in it.
        self.room = burst - per_second
        self.per_second = per_second
        self.filled_at = float("-inf")

    async def wait(self) -> None:
        """Return when one more request may be sent."""
        now = asyncio.get_running_loop().time()
        self.filled_at = max(self.filled_at, now - self.room / self.per_second) + 1 / self.per_second
        await asyncio.sleep(max(0.0, self.filled_at - now))


class Client:
    """One session; with ``polite`` it keeps to the portal's rate limit."""

    def __init__(self, session: aiohttp.ClientSession, world: Access, *, polite: bool = True) -> None:
        self.session = session
        self.url = world.url
        limited = polite and world.facts["burst"] is not None
        self.throttle = Throttle(world.facts["burst"], world.facts["per_second"]) if limited else None

    async def call(self, method: str, params: Params) -> Any:
        """The portal's whole answer."""
        pause = 0.5
        while True:
            if self.throttle is not None:
                await self.throttle.wait()
            async with self.session.post(self.url + method, json=params) as answer:
                if answer.status != 503:
                    answer.raise_for_status()
                    return await answer.json()
            await asyncio.sleep(pause)
            pause = min(pause * 2, 8.0)

    async def batch(self, commands: Sequence[str]) -> list[Any]:
        """The results of up to 50 commands, in their order."""
        answer = await self.call("batch", {"halt": 0, "cmd": {f"c{n}": c for n, c in enumerate(commands)}})
        results = answer["result"]["result"]
        return [results[f"c{n}"] for n in range(len(commands))]

    async def list_all(self, method: str, params: Params) -> list[Row]:
        """All rows: the first page tells how many there are, batches fetch the rest."""
        first = await self.call(method, {**params, "order": {"ID": "ASC"}})
        rows: list[Row] = first["result"]
        pages = [
            command(method, {**params, "order": {"ID": "ASC"}, "start": start})
            for start in range(BATCH, first["total"], BATCH)
        ]
        for part in chunks(pages, BATCH):
            for page in await self.batch(part):
                rows += page
        return rows


@asynccontextmanager
async def client(world: Access, *, polite: bool = True) -> AsyncIterator[Client]:
    """A client with a session of its own."""
    async with aiohttp.ClientSession() as session:
        yield Client(session, world, polite=polite)
