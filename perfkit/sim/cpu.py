"""One processor per host: its callbacks wait for each other, and each takes its time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import BELOW

if TYPE_CHECKING:
    from perfkit.sim.timers import TimerLoop


class Processor:
    """The gate of a host whose callbacks cost ``cost_ns`` each: first come, first served."""

    def __init__(self, loop: TimerLoop, cost_ns: int) -> None:
        self.cost_ns = cost_ns
        self._loop = loop
        self._waiting: deque[asyncio.Handle] = deque()
        self._asked: asyncio.Handle | None = None
        self._stand_in: asyncio.Handle | None = None

    def take(self, handle: asyncio.Handle) -> bool:
        """Keep a callback that is due until its time is over; then let its stand-in run."""
        if handle is self._stand_in:
            return self._ended()
        if handle._context.get(BELOW, False):  # type: ignore[attr-defined]  # the kernel's work is free
            return False
        self._waiting.append(handle)
        if self._stand_in is None:
            self._begin()
        return True

    def _ended(self) -> bool:
        asked, self._asked, self._stand_in = self._asked, None, None
        self._begin()
        return asked is not None and asked._cancelled

    def _begin(self) -> None:
        while self._waiting and self._stand_in is None:
            handle: Any = self._waiting.popleft()
            if not handle._cancelled:
                when_ns = self._loop.now_ns + self.cost_ns
                self._asked = handle
                self._stand_in = self._loop.at_ns(when_ns, handle._callback, handle._args, handle._context)
