"""A server's workers: requests wait in one queue, first come first served. Knows asyncio only.

Nothing here reads a clock, so the queue is right in virtual and in wall time alike.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from perfkit.errors import WorldError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class WorkerPool:
    """``workers`` workers behind a first-in-first-out queue; None: as many as there are requests.

    ``peak_busy`` is the largest number of workers ever busy at once, ``peak_waiting`` of requests that waited
    for one; ``served`` is how many requests have ended. Coroutines use ``serve`` or ``work``, callbacks
    ``take`` and ``release``.

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
        self.peak_waiting = 0
        self.served = 0
        self._waiting: deque[Callable[[], object]] = deque()
        self._starting = False

    @property
    def waiting(self) -> int:
        """How many requests wait for a worker."""
        return len(self._waiting)

    def take(self, start: Callable[[], object]) -> None:
        """Call ``start()`` with a worker held until ``release``: at once if one is free, else in its turn."""
        self._waiting.append(start)
        self._start_waiting()
        self.peak_waiting = max(self.peak_waiting, len(self._waiting))

    def release(self) -> None:
        """Give a worker back; whoever waits longest gets it at once."""
        self.busy -= 1
        self.served += 1
        self._start_waiting()

    def _start_waiting(self) -> None:
        if self._starting:  # called by what is being started: the loop below goes on with the next
            return
        self._starting = True
        try:
            while self._waiting and (self.workers is None or self.busy < self.workers):
                self.busy += 1
                self.peak_busy = max(self.peak_busy, self.busy)
                self._waiting.popleft()()
        finally:
            self._starting = False

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Wait for a worker, and keep it until the block ends."""
        turn = asyncio.get_running_loop().create_future()

        def start() -> None:
            if turn.cancelled():
                self._hand_back()
            else:
                turn.set_result(None)

        self.take(start)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had its worker already, but never ran with it
                self._hand_back()
            else:
                with suppress(ValueError):
                    self._waiting.remove(start)
            raise
        try:
            yield
        finally:
            self.release()

    def _hand_back(self) -> None:
        self.busy -= 1
        self._start_waiting()

    async def work(self, cost_ns: int) -> None:
        """Wait for a worker and keep it busy for ``cost_ns``."""
        async with self.serve():
            await asyncio.sleep(cost_ns / 1e9)
