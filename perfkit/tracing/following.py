"""The current span, taken along into threads: new ones, and those of a ThreadPoolExecutor.

While something is recorded, ``Thread.start`` and ``ThreadPoolExecutor.submit`` (which ``map``,
``run_in_executor`` and ``to_thread`` use) pass it on. No other context variable is: what the program sees in
its threads stays what it was.

Tasks take it along by themselves, with their context. This is left to ``create_task``: between two items of a
generator the consumer's span is passed on, and not the generator's; and of a task whose coroutine is a
library's the line that started it is noted, or that which started the library's task that starts it.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from perfkit.tracing.callpath import Path, capture, shown
from perfkit.tracing.open_spans import NOWHERE, Detour, OpenSpan
from perfkit.tracing.scopes import START, active, current, here, innermost
from perfkit.tracing.tasks import remember_job, remember_start, start_of_task

F = TypeVar("F", bound=Callable[..., Any])

_SCOPE = "_perfkit_scope"
_next_gone = itertools.count(1).__next__
_changing = threading.RLock()  # a recording may end in a destructor, wherever that runs


class _Replaced(NamedTuple):
    owner: Any
    name: str
    original: Any
    replacement: Any


_replaced: list[_Replaced] = []


def follow_threads() -> None:
    """Pass the current span on to threads if anything is recorded; put everything back if not."""
    with _changing:
        if active:
            _replace(threading.Thread, "start", _starting)
            _replace(threading.Thread, "_bootstrap_inner", _running)
        else:
            # what somebody else has replaced since stays: it does nothing while nothing is recorded
            _replaced[:] = [entry for entry in _replaced if not _put_back(entry)]
    if active:
        follow_imported()


def follow_imported() -> None:
    """The same for executors and event loops, once the program has imported them."""
    for module, kind, name, replace in _LATER:
        owner = getattr(sys.modules.get(module), kind, None)
        if owner is not None:
            with _changing:
                _replace(owner, name, replace)


def carry(function: F, path: Path = ()) -> F:
    """``function``, to be run elsewhere, below the span that is current here.

    The same object where nothing is recorded. ``path`` is what led here, if none of the function is the
    application's.
    """
    if not active:
        return function
    # also where nothing is recorded here: a thread of a pool may know another recording
    scope = here() or NOWHERE

    @wraps(function)
    def carried(*args: Any, **kwargs: Any) -> Any:
        before = current.get()
        current.set(scope)
        noted = remember_job(path)
        try:
            return function(*args, **kwargs)
        finally:
            remember_job(noted)
            current.set(before)

    return carried  # type: ignore[return-value]


def _replace(owner: Any, name: str, replace: Callable[[Any], Any]) -> None:
    if any((entry.owner, entry.name) == (owner, name) for entry in _replaced):
        return
    original = getattr(owner, name)
    replacement = wraps(original)(replace(original))
    _replaced.append(_Replaced(owner, name, original, replacement))
    setattr(owner, name, replacement)


def _put_back(entry: _Replaced) -> bool:
    if getattr(entry.owner, entry.name) is not entry.replacement:
        return False
    setattr(entry.owner, entry.name, entry.original)
    return True


def _starting(original: Any) -> Any:
    def start(self: threading.Thread) -> None:
        scope = here()
        if scope is not None:
            self.__dict__[_SCOPE] = scope
        try:
            original(self)
        except BaseException:
            self.__dict__.pop(_SCOPE, None)
            raise
        if scope is not None:
            follow_imported()

    return start


def _running(original: Any) -> Any:
    def _bootstrap_inner(self: threading.Thread) -> None:
        scope = self.__dict__.pop(_SCOPE, None)
        if scope is not None:
            current.set(scope)
        try:
            original(self)
        finally:
            _gone(threading.get_ident())

    return _bootstrap_inner


def _gone(ident: int) -> None:
    """A thread ends: the system may give its number to the next one, whose processor clock starts anew."""
    for recording in list(active):
        place = recording.places.pop(ident, None)
        if place is not None:
            place.read_processor_clock(recording.now_ns())
            place.thread.ident = -_next_gone()


def _submitting(original: Any) -> Any:
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not active:
            return original(self, fn, *args, **kwargs)
        carried, before = carry(fn, way_to_library(fn, sys._getframe(1))), current.get()
        current.set(START)  # a thread that this starts outlives the span: it must not keep the recording
        try:
            return original(self, carried, *args, **kwargs)
        finally:
            current.set(before)

    return submit


def way_to_library(function: Any, frame: FrameType) -> Path:
    """The lines that led to a job not of the application's own, as ``run_in_executor(None, get, url)``."""
    code = getattr(function, "__code__", None)
    if code is not None and shown(code.co_filename) is not None:
        return ()
    step: FrameType | None = frame
    while step is not None and str(step.f_globals.get("__name__")).startswith(("asyncio.", "concurrent.")):
        step = step.f_back
    return capture(step)


def _creating(original: Any) -> Any:
    def create_task(self: Any, coro: Any, **options: Any) -> Any:
        if not active:
            return original(self, coro, **options)
        context, scope, before = options.get("context"), innermost(), current.get()
        if context is not None:
            # a loop at rest: the caller waits for the task of an asyncio.Runner, whose context may be older
            with suppress(RuntimeError):
                if not self.is_running() and scope is not NOWHERE and not _is_known_in(context, scope):
                    context.run(current.set, _around(scope))
        elif isinstance(scope, Detour):
            current.set(_around(scope))
        try:
            task = original(self, coro, **options)
        finally:
            current.set(before)
        code = getattr(coro, "cr_code", None)
        if code is None or shown(code.co_filename) is None:
            remember_start(task, capture(sys._getframe(1)) or start_of_task())
        return task

    return create_task


def _is_known_in(context: Any, scope: OpenSpan) -> bool:
    """Whether what is current in the context lies inside ``scope``: a recording that an earlier run began."""
    inside: OpenSpan | None = context.get(current, NOWHERE)
    while inside is not None and inside is not scope:
        inside = inside.parent
    return inside is scope


def _around(scope: OpenSpan) -> OpenSpan:
    return scope.around or NOWHERE if isinstance(scope, Detour) else scope


_LATER = (
    ("concurrent.futures.thread", "ThreadPoolExecutor", "submit", _submitting),
    ("asyncio.base_events", "BaseEventLoop", "create_task", _creating),
    ("perfkit.sim.timers", "TimerLoop", "create_task", _creating),  # which makes tasks of its own
)
"""What the program may import while something is recorded."""
