"""Futures and tasks whose place in a set does not depend on memory addresses.

Sets of futures are common inside asyncio and aiohttp, and looping over one wakes its waiters in the order of
their hashes. By default that is where the allocator put them: another order in every process.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    class Numbering(Protocol):
        """What these need of a loop."""

        def next_number(self) -> int:
            """A number that orders objects by when it was asked for."""


class OrderedFuture(asyncio.Future[Any]):
    """A future with a hash that counts, so that sets keep the order in which futures were first put in one."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number
        except AttributeError:
            self._number = cast("Numbering", self.get_loop()).next_number()
            return self._number


class OrderedTask(asyncio.Task[Any]):
    """A task with a hash that counts; see ``OrderedFuture``."""

    _number: int
    __hash__ = OrderedFuture.__hash__  # type: ignore[assignment]  # the two classes have no base in common


real_as_completed = asyncio.as_completed


def as_completed(fs: Iterable[Any], *, timeout: float | None = None) -> Any:
    """``asyncio.as_completed`` that starts coroutines in the order given, not in that of a set of them."""
    return real_as_completed([asyncio.ensure_future(f) for f in dict.fromkeys(fs)], timeout=timeout)
