"""Many calls at once, but never more than a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from perfkit.errors import UsageError

T = TypeVar("T")
R = TypeVar("R")


async def bounded_gather(function: Callable[[T], Awaitable[R]], items: Sequence[T], *, limit: int) -> list[R]:
    """``function`` for each item, at most ``limit`` at a time; the answers in the items' order.

    Starts ``limit`` tasks and not one per item, so a million items cost no million tasks. The first error
    stops the rest and is raised.
    """
    _check_limit(limit)
    answers: list[Any] = [None] * len(items)
    waiting = iter(enumerate(items))

    async def work() -> None:
        for index, item in waiting:
            answers[index] = await function(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(items))):
                group.create_task(work())
    except BaseExceptionGroup as group_error:
        raise group_error.exceptions[0] from None
    return answers


async def bounded_stream(
    function: Callable[[T], Awaitable[R]], items: Iterable[T] | AsyncIterable[T], *, limit: int
) -> AsyncIterator[R]:
    """The answers of ``function`` as they come, first done first, with at most ``limit`` items at work.

    An item is taken from ``items`` only when there is room for it: answers that nobody has taken yet count,
    so a slow reader holds the source back. The first error stops the rest and is raised in its turn. Close
    the generator (``contextlib.aclosing``) where the loop over it may be left early.

    >>> async def later(seconds):
    ...     await asyncio.sleep(seconds)
    ...     return seconds
    >>> async def main():
    ...     return [answer async for answer in bounded_stream(later, [0.02, 0], limit=2)]
    >>> asyncio.run(main())
    [0, 0.02]
    """
    _check_limit(limit)
    room = asyncio.Semaphore(limit)
    done: asyncio.Queue[asyncio.Task[R] | None] = asyncio.Queue()
    running: dict[asyncio.Task[R], None] = {}

    async def feed() -> None:
        await room.acquire()
        async for item in _each(items):
            task = asyncio.ensure_future(_called(function, item))
            running[task] = None
            task.add_done_callback(done.put_nowait)
            await room.acquire()

    feeder = asyncio.ensure_future(feed())
    feeder.add_done_callback(lambda _: done.put_nowait(None))
    fed = False
    try:
        while running or not fed:
            task = await done.get()
            if task is None:
                feeder.result()
                fed = True
                continue
            del running[task]
            answer = task.result()
            room.release()
            yield answer
    finally:
        left = [feeder, *running]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """``items`` cut into pieces of ``size``; the last may be shorter.

    >>> chunks([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    if size < 1:
        raise UsageError(f"a batch's size must be 1 or more, not {size}")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise UsageError(f"limit must be 1 or more, not {limit}")


async def _called(function: Callable[[T], Awaitable[R]], item: T) -> R:
    return await function(item)


async def _each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
