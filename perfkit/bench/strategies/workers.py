"""A queue of jobs with a fixed number of workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from perfkit.errors import UsageError

R = TypeVar("R")


class WorkerQueue:
    """Runs jobs, at most ``workers`` at once, in the order in which they were submitted.

    A job that raises raises in its own future only. Leaving the ``async with`` block waits for all jobs, or
    cancels them if the block itself has failed. Make it where jobs belong in a trace: their spans hang below
    the span that is open then.

    >>> async def main():
    ...     async with WorkerQueue(workers=2) as queue:
    ...         slow, fast = queue.submit(asyncio.sleep, 0.01, "slow"), queue.submit(asyncio.sleep, 0, "fast")
    ...     return slow.result(), fast.result()
    >>> asyncio.run(main())
    ('slow', 'fast')
    """

    def __init__(self, workers: int = 8) -> None:
        if workers < 1:
            raise UsageError(f"a queue needs 1 worker or more, not {workers}")
        self.workers = workers
        self._context = copy_context()
        self._waiting: deque[tuple[asyncio.Future[Any], Callable[..., Awaitable[Any]], tuple[Any, ...]]] = (
            deque()
        )
        self._running: dict[asyncio.Task[Any], asyncio.Future[Any]] = {}
        self._idle: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs that no worker has begun."""
        return sum(not future.done() for future, _, _ in self._waiting)

    @property
    def busy(self) -> int:
        """Jobs under way."""
        return len(self._running)

    def submit(self, job: Callable[..., Awaitable[R]], *arguments: Any) -> asyncio.Future[R]:
        """Have ``await job(*arguments)`` run; its future gives the result, and ``cancel()`` ends the job.

        Raises UsageError after ``aclose``.
        """
        if self._closed:
            raise UsageError("this queue of workers is closed: submit jobs before it is, or make another")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, job, arguments))
        self._begin()
        return future

    async def join(self) -> None:
        """Wait until no job waits or runs; more may be submitted meanwhile, and afterwards."""
        while self._running:
            if self._idle is None:
                self._idle = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._idle)

    async def aclose(self, *, cancel: bool = False) -> None:
        """Take no more jobs, and wait for those there are; with ``cancel`` end them all instead."""
        self._closed = True
        if cancel:
            for future in [*(future for future, _, _ in self._waiting), *self._running.values()]:
                future.cancel()
        await self.join()

    async def __aenter__(self) -> WorkerQueue:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.aclose(cancel=error is not None)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._running) < self.workers:
            future, job, arguments = self._waiting.popleft()
            if future.done():  # cancelled while it waited
                continue
            task = loop.create_task(_run(job, arguments), context=self._context.copy())
            self._running[task] = future
            future.add_done_callback(partial(_end_with, task))
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        _hand_over(task, self._running.pop(task))
        self._begin()
        if self._idle is not None and not self._running:
            self._idle.set_result(None)
            self._idle = None


def _end_with(task: asyncio.Task[Any], future: asyncio.Future[Any]) -> None:
    if future.cancelled():
        task.cancel()


async def _run(job: Callable[..., Awaitable[R]], arguments: tuple[Any, ...]) -> R:
    return await job(*arguments)


def _hand_over(task: asyncio.Task[Any], future: asyncio.Future[Any]) -> None:
    error = None if task.cancelled() else task.exception()  # asked for even if nobody waits for it any more
    if future.done():
        return
    if task.cancelled():
        future.cancel()
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())
