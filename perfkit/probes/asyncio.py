"""The probe for asyncio: what held the event loop up ("blocked" spans), and who waited for whom ("wait").

A callback or a step of a task that keeps the loop's thread longer than THRESHOLD_NS is recorded, with the
line of the application that was running then: a watchdog thread looks at the stack of a step that lasts too
long. That thread lives only while something is recorded; a fast step costs two readings of the clock. A
recording that ends within such a step ends the span too, as unfinished. Its attributes: ``call``, what the
line calls as it is written there; ``inside``, the innermost function below that line, of whatever library
("" if there is none); ``waiting``, how many other callbacks were ready to run by then.

A task waits in ``asyncio.sleep``, ``Lock.acquire``, ``Semaphore.acquire``, ``Condition.wait`` (of which
``Barrier`` is made), ``Event.wait``, ``Queue.get`` and ``Queue.put``; only what really waited is recorded.
``gather``, ``TaskGroup``, ``wait_for`` and ``Queue.join`` are no waits but how tasks are put together. Waits
are left out for the same reasons as in the probe for threads.

Not seen: steps of loops that have handles of their own, such as uvloop's; and ``asyncio.sleep`` under a name
imported from ``asyncio`` before it was watched. A simulation's loop reports on its own.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import start_new_thread
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from functools import cache, wraps
from itertools import islice
from threading import Lock, get_ident
from token import NAME
from types import CodeType, FrameType, FunctionType, coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from perfkit.probes.threading import begin_wait, is_watched
from perfkit.tracing import Operation, Recording, current_clock, here, leave, open_spans
from perfkit.tracing.callpath import MAX_FRAMES, Path, capture, shown
from perfkit.tracing.clocks import REAL_PERF_COUNTER_NS
from perfkit.tracing.scopes import active
from perfkit.tracing.tasks import start_of_task

if TYPE_CHECKING:
    from asyncio import Handle

LIBRARY = "asyncio"
TESTED = ("3.11", "3.14")
"""Of Python, since this is its own library: from the first up to, not including, the second."""

THRESHOLD_NS = 50_000_000
"""A step that holds the loop for longer is recorded; asyncio's debug mode complains at twice as much."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 0.05
"""How long the watchdog sleeps between two looks, and so how long it outlives the last recording."""

_originals: list[tuple[Any, str, Any, Any]] = []


def install() -> None:
    """Start watching; also the step that this is called in, if one is under way. Can be called again."""
    import asyncio

    anew = not _originals
    if anew:
        _forget_after_forks()
        _replace(asyncio.Handle, "_run", _watch_run(asyncio.Handle._run))
        for kind, name in _WAITS:
            owner = getattr(asyncio, kind)
            _replace(owner, name, _watch_wait(f"asyncio.{kind}.{name}", getattr(owner, name)))
        if isinstance(asyncio.sleep, FunctionType):  # not a test's stand-in
            watched_sleep = _watch_sleep(asyncio.sleep)
            _replace(asyncio, "sleep", watched_sleep)
            _replace(asyncio.tasks, "sleep", watched_sleep)
    _watch_step_under_way(seen_to_its_end=not anew)


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


# Holding the loop up

Step = tuple[int, "Handle"]
"""A step of a loop: since when, on the real clock, and what is run."""


class Still(NamedTuple):
    """A frame as it was at one moment; the real one goes on."""

    f_code: CodeType
    f_lasti: int
    f_globals: dict[str, Any]
    f_back: Still | None


class Seen(NamedTuple):
    """What the watchdog saw of a step that lasts too long: the stack, and how many others were ready."""

    step: Step
    stack: Still | None
    waiting: int


class Watch:
    """What a loop's thread does now, for the watchdog; ``opened`` is the span of a step that is too long."""

    __slots__ = ("ident", "opened", "seen", "step")

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.step: Step | None = None
        self.seen: Seen | None = None
        self.opened: Operation | None = None


_watches: dict[int, Watch] = {}
_watchdogs: list[int] = []
_changing = Lock()


def _watch_run(original: Any) -> Any:
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


def _watch_step_under_way(*, seen_to_its_end: bool) -> None:
    """If this runs in a step of a loop, watch the rest of it: nothing was recorded when it began."""
    run = _originals[0][2]
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not run.__code__:
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


# The watchdog


def _watch_this_thread() -> Watch:
    with _changing:
        watch = _watches.setdefault(get_ident(), Watch(get_ident()))
        if not _watchdogs:
            # not a threading.Thread, which the program would find among its own
            with suppress(RuntimeError):  # too late: the interpreter is shutting down
                _watchdogs.append(start_new_thread(_watch_over, ()))
    return watch


@cache
def _forget_after_forks() -> None:
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
    step, opened, seen = watch.step, watch.opened, watch.seen
    if step is None or REAL_PERF_COUNTER_NS() - step[0] <= THRESHOLD_NS:
        return
    if opened is None:
        # described later: looking files up lets the loop's thread go on, perhaps to the end of the step
        watch.seen = Seen(step, _still(sys._current_frames().get(watch.ident)), _ready(step[1]))
        with _changing:
            if watch.step is step:  # else another one was seen
                watch.opened = _open(watch, step)
    elif seen is not None and seen.step is step:
        told = _told(seen)
        with _changing:
            if watch.opened is opened and watch.seen is seen:
                watch.seen = None
                _describe(opened, told)


def _still(frame: FrameType | None) -> Still | None:
    """The stack from ``frame`` outwards as it is now."""
    frames = list[FrameType]()
    while frame is not None and len(frames) < MAX_FRAMES:
        frames.append(frame)
        frame = frame.f_back
    still = None
    for frame in reversed(frames):
        still = Still(frame.f_code, frame.f_lasti, frame.f_globals, still)
    return still


def _ready(handle: Any) -> int:
    """How many callbacks the loop would run now."""
    return len(getattr(handle._loop, "_ready", ()))


def _describe(opened: Operation, told: tuple[Path, dict[str, Any]]) -> None:
    """Say of an open span what was seen."""
    path, facts = told
    if path:
        opened.caller, opened.name = path, f"event loop held by {path[0]}"
    opened.note(**facts)


def _told(seen: Seen) -> tuple[Path, dict[str, Any]]:
    """Call path and attributes."""
    frame: Any = seen.stack
    path = capture(frame)
    facts = {"call": _call(frame), "inside": _inside(frame)} if path else {}
    return path, {**facts, "waiting": seen.waiting}


def _inside(frame: Any) -> str:
    """The innermost function below the application, by its module's name and its own; "" without one.

    Finalizers do not count: they run wherever the garbage collector happens to.
    """
    found = ""
    while frame is not None and shown(frame.f_code.co_filename) is None:
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "__del__":
            found = ""
        elif not found and module.partition(".")[0] != "perfkit":
            found = f"{module}.{frame.f_code.co_qualname}".replace(".<locals>", "")
        frame = frame.f_back
    return found


def _call(frame: Any) -> str:
    """What the application's innermost line calls, as it is written there; "" if that cannot be told."""
    import linecache

    while frame is not None and shown(frame.f_code.co_filename) is None:
        frame = frame.f_back
    if frame is None:
        return ""
    first, last, begin, end = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    lines = [line.encode() for line in linecache.getlines(frame.f_code.co_filename, frame.f_globals)]
    if first is None or last is None or begin is None or end is None or last > len(lines):
        return ""
    lines = lines[first - 1 : last]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    return _callee(b"".join(lines).decode())


def _callee(expression: str) -> str:
    """The dotted name that a call's text begins with, or of a chain of calls the last one's."""
    from io import StringIO
    from tokenize import COMMENT, NL, generate_tokens

    names, called, depth = list[str](), list[str](), 0
    for kind, text, *_ in generate_tokens(StringIO(f"({expression})").readline):
        if text == "(" and depth == 1:
            called = names
        if text in ("(", "[", "{"):
            depth += 1
        elif text in (")", "]", "}"):
            depth -= 1
            names = []
        elif depth == 1 and kind == NAME:
            names = [*names, text] if text != "await" else names
        elif depth == 1 and text != "." and kind not in (COMMENT, NL):
            return ""
    return ".".join(called)
