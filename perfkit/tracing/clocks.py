"""Where time comes from. A recording reads the clock that is in force when it starts.

Inside a simulation ``time.perf_counter_ns`` is the virtual clock, so looking it up late is enough to follow
it; the real one is kept here to tell the two apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

REAL_PERF_COUNTER_NS = time.perf_counter_ns


class Clock(NamedTuple):
    """``kind`` is "virtual" or "wall"; ``now_ns()`` gives nanoseconds since some fixed moment.

    Any function will do, so tests can count by hand:

    >>> ticks = iter(range(0, 100, 10))
    >>> Clock("virtual", ticks.__next__).now_ns()
    0
    """

    kind: str
    now_ns: Callable[[], int]


def current_clock() -> Clock:
    """The clock of the simulation that is running, or else the wall clock."""
    now_ns = time.perf_counter_ns
    return Clock("wall" if now_ns is REAL_PERF_COUNTER_NS else "virtual", now_ns)
