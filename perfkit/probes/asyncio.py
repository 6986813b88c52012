"""The probe for asyncio: what held the event loop up ("blocked" spans), and who waited for whom ("wait").

A callback or a step of a task that keeps the loop's thread longer than THRESHOLD_NS is recorded, with the
line of the application that was running then: a watchdog thread looks at the stack of a step that lasts too
long. That thread lives only while something is recorded; a fast step costs two readings of the clock. A
recording that ends within such a step ends the span too, as unfinished. Its attributes: ``call``, what the
line calls as it is written there; ``inside``, the innermost function below that line, of whatever library
("" if there is none); ``waiting``, how many other callbacks were ready to run by then; ``delayed_ns``, for
how much of it at most the thread was ready to run and had no processor (on Linux, where it can be told).

A task waits in ``asyncio.sleep``, ``Lock.acquire``, ``Semaphore.acquire``, ``Condition.wait`` (of which
``Barrier`` is made), ``Event.wait``, ``Queue.get`` and ``Queue.put``; only what really waited is recorded.
``gather``, ``TaskGroup``, ``wait_for`` and ``Queue.join`` are no waits but how tasks are put together. Waits
are left out for the same reasons as in the probe for threads.

Not seen: steps of loops that have handles of their own, such as uvloop's; and ``asyncio.sleep`` under a name
imported from ``asyncio`` before it was watched. A simulation's loop reports on its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from functools import wraps
from types import FrameType, FunctionType, coroutine
from typing import Any

from perfkit.probes.asyncio_steps import LIBRARY, forget_after_forks, watch_run, watch_step_under_way
from perfkit.probes.threading import begin_wait, is_watched
from perfkit.tracing import leave
from perfkit.tracing.callpath import Path, capture
from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS
from perfkit.tracing.scopes import active
from perfkit.tracing.tasks import start_of_task

TESTED = ("3.11", "3.14")
"""Of Python, since this is its own library: from the first up to, not including, the second."""

_originals: list[tuple[Any, str, Any, Any]] = []


def install() -> None:
    """Start watching; also the step that this is called in, if one is under way. Can be called again."""
    import asyncio

    anew = not _originals
    if anew:
        forget_after_forks()
        _replace(asyncio.Handle, "_run", watch_run(asyncio.Handle._run))
        for kind, name in _WAITS:
            owner = getattr(asyncio, kind)
            _replace(owner, name, _watch_wait(f"asyncio.{kind}.{name}", getattr(owner, name)))
        if isinstance(asyncio.sleep, FunctionType):  # not a test's stand-in
            watched_sleep = _watch_sleep(asyncio.sleep)
            _replace(asyncio, "sleep", watched_sleep)
            _replace(asyncio.tasks, "sleep", watched_sleep)
    watch_step_under_way(_originals[0][2].__code__, seen_to_its_end=not anew)


def remove() -> None:
    """Put asyncio back as it was."""
    while _originals:
        owner, name, original, watched = _originals.pop()
        if getattr(owner, name) is watched:  # else somebody has replaced it in turn, and will put it back
            setattr(owner, name, original)


def _replace(owner: Any, name: str, watched: Any) -> None:
    _originals.append((owner, name, getattr(owner, name), watched))
    setattr(owner, name, watched)


# Waiting

_WAITS = (
    *(("Lock", "acquire"), ("Semaphore", "acquire"), ("Condition", "wait")),
    *(("Event", "wait"), ("Queue", "get"), ("Queue", "put")),
)


def _watch_wait(name: str, original: Any) -> Any:
    waiting = _waiting(name, original)

    def wait(*arguments: Any, **options: Any) -> Any:
        if not active or time.perf_counter_ns is not REAL_PERF_COUNTER_NS:
            return original(*arguments, **options)
        return waiting(*arguments, **options)

    return _marked(wraps(original)(wait))


def _watch_sleep(original: Any) -> Any:
    waiting = _waiting("asyncio.sleep", original)

    def sleep(delay: Any, result: Any = None) -> Any:
        if not active or time.perf_counter_ns is not REAL_PERF_COUNTER_NS:
            return original(delay, result)
        takes_time = not isinstance(delay, (int, float)) or delay > 0
        return (waiting if takes_time else original)(delay, result)

    return _marked(wraps(original)(sleep))


def _marked(function: Any) -> Any:
    """``function``, known for a coroutine function, as what it replaces is.

    It only returns a coroutine: thus what a task awaits has no frame more than without the probe, unless
    the wait is recorded.
    """
    import asyncio
    import inspect

    if hasattr(inspect, "markcoroutinefunction"):
        return inspect.markcoroutinefunction(function)
    function._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]
    return function


def _waiting(name: str, original: Any) -> Any:
    """``original``, which from the moment it waits runs within a span."""

    @wraps(original)  # warnings shall say "coroutine 'sleep' was never awaited"
    async def waiting(*arguments: Any, **options: Any) -> Any:
        running = original(*arguments, **options)
        try:
            awaited = running.send(None)
        except StopIteration as done:
            return done.value
        opened = None
        with suppress(Exception):
            if is_watched():
                opened = begin_wait(name, _way_to(sys._getframe(1)), LIBRARY)
        try:
            answer = await _resumed(running, awaited)
        except BaseException as error:
            leave(opened, error)
            raise
        leave(opened)
        return answer

    return waiting


def _way_to(frame: FrameType) -> Path:
    """The application's lines that led to a wait; those that made the task if the wait is all of it."""
    import asyncio

    if frame.f_code is asyncio.Queue.join.__code__:
        return ()
    return capture(frame) or (start_of_task() if frame.f_code is _originals[0][2].__code__ else ())


@coroutine
def _resumed(running: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:
    """What ``yield from`` does, for a coroutine that has been started already."""
    while True:
        resume: Callable[[Any], Any] = running.send
        try:
            sent = yield awaited
        except GeneratorExit:
            running.close()
            raise
        except BaseException as error:
            resume, sent = running.throw, error
        try:
            awaited = resume(sent)
        except StopIteration as done:
            return done.value
        finally:
            del sent  # an exception would hold on to this frame, and the frame to it
