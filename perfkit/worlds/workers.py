"""A server's workers: requests wait in one queue, first come first served. Knows asyncio only.

Nothing here reads a clock, so the queue is right in virtual and in wall time alike.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from perfkit.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class WorkerPool:
    """``workers`` workers behind a first-in-first-out queue; None: as many as there are requests.

    ``peak_busy`` is the largest number of workers ever busy at once, ``served`` how many requests have ended.

    >>> pool = WorkerPool(2)
    >>> asyncio.run(pool.work(0))
    >>> pool.peak_busy, pool.served
    (1, 1)
    """

    def __init__(self, workers: int | None) -> None:
        if workers is not None and workers < 1:
            raise WorldError(f"a server needs 1 worker or more, not {workers}; None means unlimited")
        self.workers = workers
        self.busy = 0
        self.peak_busy = 0
        self.served = 0
        self._free = asyncio.Semaphore(workers) if workers else None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Wait for a worker, and keep it until the block ends."""
        if self._free is not None:
            await self._free.acquire()
        self.busy += 1
        self.peak_busy = max(self.peak_busy, self.busy)
        try:
            yield
        finally:
            self.busy -= 1
            self.served += 1
            if self._free is not None:
                self._free.release()

    async def work(self, cost_ns: int) -> None:
        """Wait for a worker and keep it busy for ``cost_ns``."""
        async with self.serve():
            await asyncio.sleep(cost_ns / 1e9)
