"""Event loops whose timers are right to a tenth of a millisecond.

asyncio's loop waits on epoll, which counts whole milliseconds, and rounds up: a sleep of 0.5 ms takes 1.5 ms.
``select`` counts microseconds, and the descriptor of an epoll is readable when epoll has something to tell.
"""

from __future__ import annotations

import asyncio
import select
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_MAX_SELECTABLE = 1024
"""FD_SETSIZE: descriptors from this number on are beyond ``select``."""

_LAST_S = 0.001
"""The kernel is the later the longer it waits: the last part of a wait is one of its own."""

_SLACK_S = 150e-6
"""How much earlier the kernel is asked to wake us; for the rest asyncio's loop turns. Linux may be 50 us late
(timer slack, prctl(2)), and a process that slept for milliseconds needs about as long to be in its stride."""

_epoll: Any = getattr(selectors, "EpollSelector", None)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop with fine timers; where there is no epoll (macOS), the usual one: kqueue counts finer anyway.

    >>> loop = new_event_loop()
    >>> loop.close()
    """
    if _epoll is None:
        return asyncio.new_event_loop()
    return asyncio.SelectorEventLoop(_fine_selector())


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """``asyncio.run(main())`` on a loop with fine timers.

    >>> run(lambda: asyncio.sleep(0, "done"))
    'done'
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main())


def _fine_selector() -> selectors.BaseSelector:
    class FineSelector(_epoll):  # type: ignore[misc]  # there is none on every system
        def select(self, timeout: float | None = None) -> Any:
            if timeout is not None and timeout > 0 and self.fileno() < _MAX_SELECTABLE:
                _wait(self.fileno(), timeout)
                timeout = 0
            return super().select(timeout)

    return FineSelector()


def _wait(descriptor: int, timeout_s: float) -> None:
    """Until it is readable, or just before the time is up: asyncio asks again for what is left."""
    end_s = time.monotonic() + timeout_s
    for left_s in (_LAST_S, _SLACK_S):
        wait_s = end_s - time.monotonic() - left_s
        if wait_s > 0 and select.select((descriptor,), (), (), wait_s)[0]:
            return
