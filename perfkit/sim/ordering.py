"""Futures and tasks whose place in a set does not depend on memory addresses.

Sets of futures are common inside asyncio and aiohttp, and looping over one wakes its waiters in the order of
their hashes. By default that is where the allocator put them: another order in every process.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

# A set places objects by the low bits of their hashes. These many bits count objects of one moment, and start
# again at the next, so a set (of no more objects than that) filled in one moment keeps the order of filling.
_COUNTING_BITS = 14

# Python reduces larger hashes by a prime, which would mix the low bits.
_HASH_BITS = 2**60 - 1


class Numbers:
    """Growing numbers; those of a new moment start at a multiple of ``2**14``."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def next(self, moment: int) -> int:
        """The next number in this moment."""
        self._last = max(self._last, moment << _COUNTING_BITS) + 1
        return self._last


class Numbering(Protocol):
    """What futures and tasks need of their loop."""

    def number_future(self) -> int:
        """A number for a future; a moment is one of the virtual clock."""

    def number_task(self) -> int:
        """A number for a task; a moment is one callback, so tasks that others make meanwhile do not count."""


class OrderedFuture(asyncio.Future[Any]):
    """A future with a hash that counts: a set keeps the order in which futures were first put in one."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number & _HASH_BITS
        except AttributeError:
            self._number = cast("Numbering", self.get_loop()).number_future()
            return self._number & _HASH_BITS


class OrderedTask(asyncio.Task[Any]):
    """A task with a hash that counts: a set keeps the order in which one function made them."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number & _HASH_BITS
        except AttributeError:
            self._number = cast("Numbering", self.get_loop()).number_task()
            return self._number & _HASH_BITS


def age(task: asyncio.Task[Any]) -> tuple[int, int, str]:
    """A key that sorts tasks by when they were made; a foreign task has only its name, which counts up."""
    if isinstance(task, OrderedTask):
        return hash(task) and task._number, 0, ""
    name = task.get_name()
    return sys.maxsize, len(name), name


real_as_completed = asyncio.as_completed


def as_completed(fs: Iterable[Any], *, timeout: float | None = None) -> Any:
    """``asyncio.as_completed`` that starts coroutines in the order given, not in that of a set of them."""
    return real_as_completed([asyncio.ensure_future(f) for f in dict.fromkeys(fs)], timeout=timeout)
