"""The probe for threads that wait: a span of kind "wait" while one is blocked on another, or sleeps.

Watched are ``threading.Condition.wait``, on which Event, Semaphore, Barrier, queue.Queue, concurrent.futures
and multiprocessing.pool are built, ``Thread.join`` and ``time.sleep``. A span bears the name of what the
application called ("queue.Queue.get") and has its line. Left out are waits that no line of the application
led to, such as those of a pool's idle workers, and those inside a query or request: that time is its own.

Not seen, being written in C: ``threading.Lock`` and ``RLock``, ``queue.SimpleQueue``; and ``time.sleep``
under a name imported from ``time`` before it was watched. Nothing is recorded in a simulation, where no
thread waits.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper, wraps
from types import BuiltinFunctionType, FrameType
from typing import Any

from perfkit.tracing import Operation, current_clock, enter, here, leave
from perfkit.tracing.callpath import Path, capture, shown

LIBRARY = "threading"
TESTED = ("3.11", "3.14")
"""Of Python, since this is its own library: from the first up to, not including, the second."""

NOT_WITHIN = frozenset({"connect", "query", "request", "transaction", "wait"})
"""Kinds of spans that account for all their time themselves."""

_SIMULATION = "perfkit.sim.timepatch"

_time: Any = time
_originals: list[tuple[Any, str, Any, Any]] = []


def install() -> None:
    """Start watching what is not watched yet; a ``time.sleep`` that somebody has replaced is left alone."""
    import threading

    if not _originals:
        _replace(threading.Condition, "wait", _watch_wait)
        _replace(threading.Thread, "join", _watch_join)
    if isinstance(time.sleep, BuiltinFunctionType):  # not a simulation's, gevent's or a test's
        _time.sleep = Sleep(time.sleep)


def remove() -> None:
    """Put everything back as it was."""
    while _originals:
        owner, name, original, watched = _originals.pop()
        if getattr(owner, name) is watched:  # else somebody has replaced it in turn, and will put it back
            setattr(owner, name, original)
    if isinstance(_time.sleep, Sleep):
        _time.sleep = _time.sleep.__wrapped__


def is_watched() -> bool:
    """Whether a wait that starts here is to be recorded."""
    opened = here()
    return (
        opened is not None
        and opened.kind not in NOT_WITHIN
        and opened.recording.clock.kind == "wall"
        and current_clock().kind == "wall"
    )


def begin_wait(name: str, path: Path, library: str) -> Operation | None:
    """Open the span of a wait that ``path`` led to; None if no line of the application did."""
    opened = enter("wait", name, {"library": library}, None) if path else None
    if opened is not None:
        opened.caller = path
    return opened


class Sleep:
    """``time.sleep``, watched. No function: one that is kept in a class would become a method."""

    def __init__(self, original: Any) -> None:
        self.__wrapped__ = original
        update_wrapper(self, original)

    def __call__(self, seconds: float, /) -> None:
        """Sleep, and record it if it takes any time."""
        opened = None
        with suppress(Exception):
            if seconds > 0 and is_watched():
                opened = begin_wait("time.sleep", capture(sys._getframe(1)), LIBRARY)
        try:
            self._sleep(seconds)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)

    def __reduce__(self) -> str:
        return "sleep"

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def _sleep(self, seconds: float) -> None:
        """While a simulation runs, its own: it replaces the real one only, and left this in place."""
        simulation: Any = sys.modules.get(_SIMULATION) if current_clock().kind == "virtual" else None
        if simulation is None or simulation._real_sleep is self:
            self.__wrapped__(seconds)
        else:
            simulation._sleep(seconds)


def _replace(owner: Any, name: str, watch: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    watched = wraps(original)(watch(original))
    _originals.append((owner, name, original, watched))
    setattr(owner, name, watched)


def _watch_wait(original: Any) -> Any:
    def wait(self: Any, timeout: Any = None) -> Any:
        opened = _blocked("threading.Condition.wait", sys._getframe().f_back) if _blocks(timeout) else None
        try:
            answer = original(self, timeout)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return answer

    return wait


def _watch_join(original: Any) -> Any:
    def join(self: Any, timeout: Any = None) -> None:
        opened = _blocked("threading.Thread.join", sys._getframe().f_back, self) if _blocks(timeout) else None
        try:
            original(self, timeout)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)

    return join


def _blocks(timeout: Any) -> bool:
    return timeout is None or (isinstance(timeout, (int, float)) and timeout > 0)


def _blocked(name: str, frame: FrameType | None, thread: Any = None) -> Operation | None:
    with suppress(Exception):
        if is_watched() and (thread is None or thread.is_alive()):
            called = _called(name, frame)
            return begin_wait(called[0], capture(called[1]), LIBRARY) if called is not None else None
    return None


def _called(name: str, frame: FrameType | None) -> tuple[str, FrameType | None] | None:
    """What was called to wait, by the standard library's outermost function, and the frame that called it.

    None for the moment in which a thread starts: that is no wait worth a span.
    """
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        package = module.partition(".")[0]
        if shown(frame.f_code.co_filename) is not None or package not in _LIBRARIES:
            break
        if package != "perfkit":
            name = f"{_PUBLIC.get(module, module)}.{frame.f_code.co_qualname.partition('.<locals>')[0]}"
            if name == "threading.Thread.start":
                return None
        frame = frame.f_back
    return name, frame


_LIBRARIES = sys.stdlib_module_names | {"perfkit"}
_PUBLIC = {f"concurrent.futures.{part}": "concurrent.futures" for part in ("_base", "process", "thread")}
