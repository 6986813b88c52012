"""Makes the ``time`` module, and names imported from it, read the virtual clock while a simulation runs.

``asyncio.as_completed`` is replaced in the same way, by one that keeps the order of what it is given.

A ``time.sleep`` in a recording is a span of kind "wait", as the probe for threads has it on the wall clock.

Only the simulation's own thread sees virtual time; a progress bar drawn by another thread keeps the real one.
``datetime.now()`` and ``time.localtime()`` without an argument read the system's clock in C and stay real.
"""

from __future__ import annotations

import asyncio
import operator
import sys
import threading
import time
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, SupportsIndex

from perfkit.errors import SimulationError
from perfkit.probes.threading import LIBRARY, NOT_WITHIN, begin_wait
from perfkit.sim.ordering import as_completed, real_as_completed
from perfkit.sim.patching import Patch, StandIn
from perfkit.tracing import here, leave
from perfkit.tracing.callpath import capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from perfkit.tracing import Operation

    class VirtualClock(Protocol):
        """What the patch needs of a loop."""

        @property
        def now_ns(self) -> int:
            """Nanoseconds since the start."""

        def pass_ns(self, duration_ns: int) -> None:
            """Let time pass while the caller waits."""


EPOCH_S = 1_767_603_600
"""Where ``time.time()`` starts in every simulation: 2026-01-05 09:00:00 UTC, a Monday morning."""

_NAMES = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep")
# a probe may have wrapped one of them before this module was imported
_real = {name: getattr(getattr(time, name), "__wrapped__", getattr(time, name)) for name in _NAMES}
_real_sleep: Callable[[Any], None] = _real["sleep"]


class _Running:
    """The simulation that time is patched for, if any."""

    clock: VirtualClock | None = None
    thread = 0
    this_thread = staticmethod(threading.get_ident)  # kept here, where gevent's greenlets do not replace it


def running_clock() -> VirtualClock | None:
    """The clock of the simulation that runs in this thread, if any."""
    clock = _Running.clock
    return clock if clock is not None and _Running.this_thread() == _Running.thread else None


def _reader(name: str, epoch_s: int, *, whole: bool) -> Any:
    real: Callable[[], float] = _real[name]
    epoch_ns = epoch_s * 1_000_000_000

    def read() -> float:
        clock = _Running.clock  # as running_clock does: a request reads the time eight times
        if clock is None or _Running.this_thread() != _Running.thread:
            return real()
        now_ns = epoch_ns + clock.now_ns
        return now_ns if whole else now_ns / 1e9

    read.__name__ = read.__qualname__ = name
    return read


def _sleep(seconds: float | SupportsIndex, /) -> None:
    clock = running_clock()
    if clock is None:
        return _real_sleep(seconds)
    duration_s = seconds if isinstance(seconds, float) else operator.index(seconds)
    if not duration_s >= 0:
        raise ValueError("sleep length must be non-negative")
    opened = _recorded(sys._getframe(1)) if duration_s > 0 else None
    try:
        clock.pass_ns(round(duration_s * 1e9))
    except BaseException as error:
        leave(opened, error)
        raise
    leave(opened)
    return None


def _recorded(frame: FrameType) -> Operation | None:
    """The span of a sleep in a recording on the virtual clock."""
    scope = here()
    if scope is None or scope.kind in NOT_WITHIN or scope.recording.clock.kind != "virtual":
        return None
    return begin_wait("time.sleep", capture(frame), LIBRARY)


_virtual = {
    name: _reader(name, EPOCH_S if name.startswith("time") else 0, whole=name.endswith("_ns"))
    for name in _NAMES
    if name != "sleep"
} | {"sleep": _sleep}

_patch = Patch(
    [StandIn(time, name, _real[name], _virtual[name]) for name in _NAMES]
    + [
        StandIn(module, "as_completed", real_as_completed, as_completed)
        for module in (asyncio, asyncio.tasks)
    ]
)


@contextmanager
def virtual_time(clock: VirtualClock) -> Iterator[None]:
    """Patch time for this thread; everything is put back at the end, also in modules imported meanwhile."""
    if _Running.clock is not None:
        raise SimulationError(
            "a simulation is running already in this process: let it end before starting another"
        )
    _Running.clock, _Running.thread = clock, _Running.this_thread()
    try:
        with _patch.applied():
            yield
    finally:
        _Running.clock = None
