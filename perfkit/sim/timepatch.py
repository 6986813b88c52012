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
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, SupportsIndex

from perfkit.errors import SimulationError
from perfkit.probes.threading import LIBRARY, NOT_WITHIN, begin_wait
from perfkit.sim.ordering import as_completed, real_as_completed
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

        def advance_ns(self, duration_ns: int) -> None:
            """Let time pass."""


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


def _here() -> VirtualClock | None:
    clock = _Running.clock
    return clock if clock is not None and threading.get_ident() == _Running.thread else None


def _reader(name: str, epoch_s: int, *, whole: bool) -> Any:
    real: Callable[[], float] = _real[name]
    epoch_ns = epoch_s * 1_000_000_000

    def read() -> float:
        clock = _here()
        if clock is None:
            return real()
        now_ns = epoch_ns + clock.now_ns
        return now_ns if whole else now_ns / 1e9

    read.__name__ = read.__qualname__ = name
    return read


def _sleep(seconds: float | SupportsIndex, /) -> None:
    clock = _here()
    if clock is None:
        return _real_sleep(seconds)
    duration_s = seconds if isinstance(seconds, float) else operator.index(seconds)
    if not duration_s >= 0:
        raise ValueError("sleep length must be non-negative")
    opened = _recorded(sys._getframe(1)) if duration_s > 0 else None
    try:
        clock.advance_ns(round(duration_s * 1e9))
    except BaseException as error:
        leave(opened, error)
        raise
    leave(opened)
    return None


def _recorded(frame: FrameType) -> Operation | None:
    """The span of a sleep, which holds the loop up, in a recording on the virtual clock."""
    scope = here()
    if scope is None or scope.kind in NOT_WITHIN or scope.recording.clock.kind != "virtual":
        return None
    return begin_wait("time.sleep", capture(frame), LIBRARY)


_virtual = {
    name: _reader(name, EPOCH_S if name.startswith("time") else 0, whole=name.endswith("_ns"))
    for name in _NAMES
    if name != "sleep"
} | {"sleep": _sleep}

_virtual_of = {id(_real[name]): _virtual[name] for name in _NAMES} | {id(real_as_completed): as_completed}
_real_of = {id(_virtual[name]): _real[name] for name in _NAMES} | {id(as_completed): real_as_completed}

# Where a real function is bound early: (the module's names, name). Valid while the number of modules stays.
_Place = tuple[dict[str, Any], str]
_cache: dict[str, Any] = {"modules": -1, "places": []}
_NOT_PATCHED = sys.stdlib_module_names | {"perfkit"}


def _modules(names: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield name, module.__dict__


def _bound_in(namespace: dict[str, Any], wanted: dict[int, Any]) -> list[_Place]:
    return [(namespace, key) for key, value in list(namespace.items()) if id(value) in wanted]


def _early_bound() -> list[_Place]:
    if _cache["modules"] != len(sys.modules):
        places: list[_Place] = [(time.__dict__, name) for name in _NAMES]
        places += [(module.__dict__, "as_completed") for module in (asyncio, asyncio.tasks)]
        for name, namespace in _modules(set(sys.modules)):
            if name.partition(".")[0] not in _NOT_PATCHED:
                places += _bound_in(namespace, _virtual_of)
        _cache.update(modules=len(sys.modules), places=places)
    return list(_cache["places"])


def _swap(places: list[_Place], replacement_of: dict[int, Any]) -> None:
    for namespace, key in places:
        replacement = replacement_of.get(id(namespace.get(key)))
        if replacement is not None:
            namespace[key] = replacement


@contextmanager
def virtual_time(clock: VirtualClock) -> Iterator[None]:
    """Patch time for this thread; everything is put back at the end, also in modules imported meanwhile."""
    if _Running.clock is not None:
        raise SimulationError(
            "a simulation is running already in this process: let it end before starting another"
        )
    _Running.clock, _Running.thread = clock, threading.get_ident()
    places, known = _early_bound(), set(sys.modules)
    _swap(places, _virtual_of)
    try:
        yield
    finally:
        for _, namespace in _modules(set(sys.modules) - known):
            places += _bound_in(namespace, _real_of)
        _swap(places, _real_of)
        _Running.clock = None
