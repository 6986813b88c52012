"""Steps of an event loop that keep its thread for too long, seen by a watchdog: the "blocked" spans.

What they mean is in the docstring of the probe, ``perfkit.probes.asyncio``.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import start_new_thread
from collections.abc import Callable
from contextlib import suppress
from functools import cache, wraps
from threading import Lock, get_ident, get_native_id
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from perfkit.probes.asyncio_stacks import Still, call_of, inside, is_after, still_of
from perfkit.tracing import Operation, Recording, current_clock, here, leave, open_spans
from perfkit.tracing.callpath import Path, capture
from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS
from perfkit.tracing.scopes import active

if TYPE_CHECKING:
    from asyncio import Handle

LIBRARY = "asyncio"

THRESHOLD_NS = 50_000_000
"""A step that holds the loop for longer is recorded; asyncio's debug mode complains at twice as much."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 0.05
"""How long the watchdog sleeps between two looks, and so how long it outlives the last recording."""

Step = tuple[int, "Handle"]
"""A step of a loop: since when, on the real clock, and what is run."""


class Seen(NamedTuple):
    """What the watchdog saw of a step that lasts too long: the stack, and how many others were ready."""

    step: Step
    stack: Still | None
    waiting: int


class Watch:
    """What a loop's thread does now, for the watchdog; ``opened`` is the span of a step that is too long.

    ``delays`` are readings, each a moment on the real clock and for how long the thread has been ready to
    run without a processor until then: the last from before the step, and the last of all.
    """

    __slots__ = ("delays", "ident", "native", "opened", "seen", "step")

    def __init__(self, ident: int, native: int) -> None:
        self.ident = ident
        self.native = native
        self.step: Step | None = None
        self.seen: Seen | None = None
        self.opened: Operation | None = None
        self.delays: list[tuple[int, int]] = []


_watches: dict[int, Watch] = {}
_watchdogs: list[int] = []
_changing = Lock()


def watch_run(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """``Handle._run``, which runs one step of a loop."""
    now_ns = REAL_PERF_COUNTER_NS

    def _run(self: Any) -> None:
        if not active:
            original(self)
            watch = _watches.get(get_ident()) if active else None
            if watch is not None and watch.step is not None:
                _ended(watch, watch.step)  # the recording began in this step, and goes on
            return
        watch = _watches.get(get_ident()) or _watch_this_thread()
        began_ns = now_ns()
        watch.step = began_ns, self
        try:
            original(self)
        finally:
            watch.step = None
            if watch.opened is not None or now_ns() - began_ns > THRESHOLD_NS:
                _ended(watch, (began_ns, self))

    return wraps(original)(_run)


def watch_step_under_way(run: CodeType, *, seen_to_its_end: bool) -> None:
    """If this is called in a step of a loop, watch the rest of it: nothing was recorded when it began.

    ``run`` is the code of ``Handle._run``; ``seen_to_its_end`` says that it was watched when the step began.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not run:
        frame = frame.f_back
    if frame is None or current_clock().kind != "wall":
        return
    watch, handle = _watch_this_thread(), frame.f_locals["self"]
    if watch.step is None or watch.step[1] is not handle:
        watch.step = REAL_PERF_COUNTER_NS(), handle
    if not seen_to_its_end:
        handle._loop.call_soon(_ended, watch, watch.step)


def _ended(watch: Watch, step: Step) -> None:
    """In the loop's thread: close the span of a step, or open it late if the watchdog had no chance to."""
    watch.step = None
    with suppress(Exception), _changing:
        opened, watch.opened = watch.opened, None
        seen, watch.seen = watch.seen, None
        opened = opened or _open(watch, step)
        if opened is not None:
            ended_ns = opened.recording.now_ns()
            if seen is not None and seen.step == step:
                _describe(opened, _told(seen))
            opened.note(**_delayed(watch, step))
            leave(opened)
            if opened.held is None:  # else the recording has ended it
                opened.end_ns = ended_ns
            opened.place = _place(opened.recording, step[1])


def _open(watch: Watch, step: Step) -> Operation | None:
    """The span of a step that has lasted too long already; None if it is not recorded."""
    began_ns, handle = step
    # a copy, because the context itself is in use while the step runs
    scope: Any = handle._context.copy().run(here)  # type: ignore[attr-defined]
    if scope is None or scope.recording.clock.kind != "wall":
        return None
    recording = scope.recording
    now_ns = recording.now_ns()
    start_ns = max(now_ns - (REAL_PERF_COUNTER_NS() - began_ns), recording._start_ns)
    if now_ns - start_ns <= THRESHOLD_NS:
        return None
    while scope.start_ns > start_ns:
        scope = scope.parent
    attrs = {"threshold_ns": THRESHOLD_NS, "call": "", "library": LIBRARY}
    name = f"event loop held by {_name(handle)}"
    opened = Operation(name, attrs, scope, start_ns=start_ns, kind="blocked")
    opened.place = open_spans.Place(recording, open_spans.Thread(watch.ident, 0), 0)
    opened.place.append(opened)
    if recording.closed:  # just now, in another thread
        leave(opened)
    return opened


def _place(recording: Recording, handle: Any) -> open_spans.Place:
    """Thread and task of a step that has just ended."""
    from asyncio import Task
    from asyncio.tasks import _enter_task, _leave_task

    task = getattr(handle._callback, "__self__", None)
    if not isinstance(task, Task):
        return recording.place_of_task()
    loop = task.get_loop()
    _enter_task(loop, task)
    try:
        return recording.place_of_task()
    finally:
        _leave_task(loop, task)


def _name(handle: Any) -> str:
    """What a handle runs, where no line of the application was seen."""
    task: Any = getattr(handle._callback, "__self__", None)
    called = task.get_coro() if hasattr(task, "get_coro") else handle._callback
    return str(getattr(called, "__qualname__", type(called).__qualname__)).replace(".<locals>", "")


def _describe(opened: Operation, told: tuple[Path, dict[str, Any]]) -> None:
    """Say of an open span what was seen."""
    path, facts = told
    if path:
        opened.caller, opened.name = path, f"event loop held by {path[0]}"
    opened.note(**facts)


def _told(seen: Seen) -> tuple[Path, dict[str, Any]]:
    """Call path and attributes; no path if the stack was seen too late to tell."""
    frame: Any = seen.stack
    path = () if is_after(frame) else capture(frame)
    facts = {"call": call_of(frame), "inside": inside(frame)} if path else {}
    return path, {**facts, "waiting": seen.waiting}


def _delayed(watch: Watch, step: Step) -> dict[str, int]:
    """For how much of a step that ends now its thread had no processor; at most, and {} where none says."""
    before_ns = next((delay_ns for moment, delay_ns in reversed(watch.delays) if moment <= step[0]), -1)
    _read_delay(watch)
    ended_ns = watch.delays[-1][1]
    return {"delayed_ns": max(0, ended_ns - before_ns)} if min(before_ns, ended_ns) >= 0 else {}


def _delay_ns(native: int) -> int:
    """For how long a thread of this process was ready to run and had no processor; -1 if unknown.

    The second number in Linux's schedstat file of the thread, in nanoseconds.
    """
    try:
        with open(f"/proc/self/task/{native}/schedstat", "rb", buffering=0) as file:
            return int(file.read(100).split()[1])
    except (OSError, ValueError, IndexError):
        return -1


# The watchdog


def _watch_this_thread() -> Watch:
    with _changing:
        watch = _watches.setdefault(get_ident(), Watch(get_ident(), get_native_id()))
        _read_delay(watch)
        if not _watchdogs:
            # not a threading.Thread, which the program would find among its own
            with suppress(RuntimeError):  # too late: the interpreter is shutting down
                _watchdogs.append(start_new_thread(_watch_over, ()))
    return watch


@cache
def forget_after_forks() -> None:
    """No thread but the forking one goes on in a child, and a lock that another one held stays locked."""

    def forget() -> None:
        global _changing
        _changing = Lock()
        _watches.clear()
        _watchdogs.clear()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)


def _watch_over() -> None:
    while True:
        for watch in list(_watches.values()):
            with suppress(Exception):
                _look(watch)
        time.sleep(_pause_s())
        with _changing:
            if not active:
                _watches.clear()
                _watchdogs.clear()
                return


def _pause_s() -> float:
    """Until the first of the steps under way has lasted too long, or one that begins now would have.

    One that was seen, and is still to be described, has.
    """
    now_ns = REAL_PERF_COUNTER_NS()
    watches = list(_watches.values())
    steps = [watch.step for watch in watches if watch.opened is None or watch.seen is not None]
    left = [step[0] + THRESHOLD_NS - now_ns for step in steps if step is not None]
    return min(max(min([THRESHOLD_NS, *left]) / 1e9, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)


def _look(watch: Watch) -> None:
    step = watch.step
    if step is not None and REAL_PERF_COUNTER_NS() - step[0] > THRESHOLD_NS:
        _look_at(watch, step)
    _read_delay(watch)  # last: reading a file lets the loop's thread go on


def _look_at(watch: Watch, step: Step) -> None:
    """See what a step does that lasts too long, and say so at the next look.

    Looking files up lets the loop's thread go on, too, perhaps to the end of the step.
    """
    opened, seen = watch.opened, watch.seen
    if opened is None:
        watch.seen = Seen(step, still_of(sys._current_frames().get(watch.ident)), _ready(step[1]))
        with _changing:
            if watch.step is step:  # else another one was seen
                watch.opened = _open(watch, step)
    elif seen is not None and seen.step is step:
        told = _told(seen)
        with _changing:
            if watch.opened is opened and watch.seen is seen:
                watch.seen = None
                _describe(opened, told)


def _read_delay(watch: Watch) -> None:
    """Keep the last reading from before the step under way, and the last of all."""
    delay_ns, step = _delay_ns(watch.native), watch.step
    now_ns = REAL_PERF_COUNTER_NS()
    began_ns = now_ns if step is None else step[0]
    before = [reading for reading in watch.delays if reading[0] <= began_ns]
    watch.delays = [*before[-1:], (now_ns, delay_ns)]


def _ready(handle: Any) -> int:
    """How many callbacks the loop would run now."""
    return len(getattr(handle._loop, "_ready", ()))
