"""Calls made again after errors that pass by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from perfkit.errors import UsageError

R = TypeVar("R")


async def retrying(
    call: Callable[[], Awaitable[R]],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    tries: int = 6,
    pause_s: float = 0.5,
    factor: float = 2.0,
    max_pause_s: float = 8.0,
) -> R:
    """``await call()``, made again while it raises one of ``on``; the last of ``tries`` raises it.

    The pause before the second try is ``pause_s`` seconds, each later one ``factor`` times as long, up to
    ``max_pause_s``. It has no random part, so that two runs are the same: callers that failed together come
    back together, and should pass a rate limiter.

    >>> answers = [OSError(), OSError(), 42]
    >>> async def call():
    ...     if isinstance(answer := answers.pop(0), Exception):
    ...         raise answer
    ...     return answer
    >>> asyncio.run(retrying(call, on=OSError, pause_s=0))
    42
    """
    if tries < 1:
        raise UsageError(f"tries must be 1 or more, not {tries}")
    for _ in range(tries - 1):
        try:
            return await call()
        except on:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * factor, max_pause_s)
    return await call()
