"""Which span is open here: one context variable, right across await, gather, tasks and generators.

Three habits keep the tree right and the cost low:

- Nothing is reset when a span ends: it is marked as ended, and whoever looks for a parent steps over it. So a
  generator closed in another context is no error, and a task that outlives its parent's span gains no
  children in the past.
- A span opened in a generator's body is stepped over while that generator is suspended: what its consumer
  does between two items is not the generator's doing. A ``Detour`` keeps the way back to it.
- Thread and task are looked up anew for each span: contexts are copied between them.
"""

from __future__ import annotations

import contextlib
import sys
from contextvars import ContextVar
from threading import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any

from perfkit.tracing.callpath import capture
from perfkit.tracing.open_spans import NOWHERE, Detour, OpenSpan, Operation, Place
from perfkit.tracing.tasks import start_of_task

if TYPE_CHECKING:
    from perfkit.tracing.recorder import Recording

GENERATOR_FLAGS = 0x20 | 0x200  # inspect.CO_GENERATOR | CO_ASYNC_GENERATOR

START = OpenSpan("start", parent=NOWHERE, end_ns=0)
"""What a context starts with: leads to NOWHERE, or to a recording of the whole process while there is one."""

current: ContextVar[OpenSpan] = ContextVar("perfkit_span", default=START)
"""The span opened last in this context; it may have ended since."""

active: list[Recording] = []
"""The recordings under way in this process. Empty: nothing has to be looked up at all."""

_CONTEXTLIB = contextlib.__file__
_RESUME = (lambda: None).__code__.co_code[0]  # as every function begins
_AFTER_AWAIT = (bytes((_RESUME, 3)), bytes((_RESUME, 3 | 4)))  # 4: says only how deep in try blocks
_modules = sys.modules
_get = current.get
_set = current.set


def follow_whole_process(root: OpenSpan) -> OpenSpan:
    """Let ``root`` also take the spans of contexts that know of no recording; NOWHERE ends that.

    Returns what took them before.
    """
    before = START.parent or NOWHERE
    START.parent = root
    return before


def innermost() -> OpenSpan:
    """The innermost open span of this context, or a Detour to it; NOWHERE if nothing is recorded."""
    scope = _get()
    while scope.end_ns >= 0:
        scope = scope.parent  # type: ignore[assignment]
    if scope.held is not None:
        scope = _around_generators(scope)
    elif scope is NOWHERE and "greenlet" in _modules:
        scope = _of_greenlet_above()
    return scope


def here() -> OpenSpan | None:
    """The innermost open span, which may be the recording itself, or None where nothing is recorded."""
    if not active:
        return None
    scope = innermost()
    return scope.around if type(scope) is Detour else None if scope.place is None else scope


def enter(kind: str, name: str, attrs: dict[str, Any], frame: FrameType | None) -> Operation | None:
    """Open a span below the current one; None where nothing is recorded. ``frame`` is its caller's frame."""
    opened = Operation(name, attrs, kind=kind)
    return opened if begin(opened, frame) else None


def begin(opened: OpenSpan, frame: FrameType | None) -> bool:
    """Open a span that was made already, with its whole call path; False where nothing is recorded."""
    if not active:
        return False
    scope = innermost()
    if scope.place is None:
        return False
    begin_below(scope, opened, frame)
    return True


def begin_below(scope: OpenSpan, opened: OpenSpan, frame: FrameType | None) -> None:
    """Open ``opened`` below ``scope``, which ``innermost`` gave and which is not NOWHERE."""
    recording = scope.place.recording  # type: ignore[union-attr]
    if "_asyncio" in _modules:
        place = recording.place_of_task()
    else:
        place = recording.places.get(get_ident()) or recording.new_place()
    opened.parent = scope
    opened.place = place
    opened.caller = capture(frame) or start_of_task()
    place.append(opened)
    _set(opened)
    opened.start_ns = now = place.now_ns()
    if now >= place.thread.due_ns:
        opened.start_ns = place.read_processor_clock(now)


def leave(opened: OpenSpan | None, error: BaseException | None = None) -> None:
    """Close the span that ``enter`` opened, once; naming the exception that ended it, if one did."""
    if opened is None or opened.place is None:
        return
    place = opened.place
    if opened.end_ns < 0:
        opened.end_ns = now = place.now_ns()
        opened.held = None
        if now >= place.thread.due_ns:
            place.read_processor_clock(now)
    if error is not None and not isinstance(error, GeneratorExit) and not place.recording.closed:
        opened.held = type(error).__name__


def place_in(scope: OpenSpan) -> Place | None:
    """Thread and task that run here, in the recording of ``scope``; None if that is NOWHERE."""
    if scope.place is None:
        return None
    recording = scope.place.recording
    if "_asyncio" in _modules:
        return recording.place_of_task()
    return recording.places.get(get_ident()) or recording.new_place()


def generator_of(frame: FrameType) -> FrameType | None:
    """The generator in whose body a span is open; None if it is open in no generator.

    That is ``frame``, or, where ``contextlib`` enters a context manager for a with statement or an ExitStack,
    the frame which that stands in.
    """
    while True:
        frame = outside_contextlib(frame)
        if not frame.f_code.co_flags & GENERATOR_FLAGS:
            return None
        back = frame.f_back
        if back is None or back.f_code.co_filename != _CONTEXTLIB:
            return frame
        frame = back


def outside_contextlib(frame: FrameType) -> FrameType:
    """``frame``, or, if it belongs to ``contextlib``, the one that called it."""
    while frame.f_code.co_filename == _CONTEXTLIB and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _around_generators(scope: OpenSpan) -> OpenSpan:
    """``scope``, or a detour around it if its generator is suspended."""
    around: OpenSpan = scope
    while around.end_ns >= 0 or _is_suspended(around):
        around = around.parent  # type: ignore[assignment]
    if around is scope or around.place is None:
        return around
    return Detour("detour", parent=scope, place=around.place, end_ns=0, around=around)


def _is_suspended(scope: OpenSpan) -> bool:
    frame = scope.held
    return isinstance(frame, FrameType) and frame.f_back is None and not _awaits(frame)


def _awaits(frame: FrameType) -> bool:
    """Whether a suspended async generator waits in its own body, and not for its consumer.

    It goes on with a RESUME, whose argument says what it was suspended by: 3 is an await.
    """
    if not frame.f_code.co_flags & 0x200:
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    if code[at] != _RESUME:  # before Python 3.13 the last instruction is the one that suspended it
        at += 2
    return code[at : at + 2] in _AFTER_AWAIT


def _of_greenlet_above() -> OpenSpan:
    """A greenlet starts with an empty context: what is current in the one that switched to it counts."""
    above = _modules["greenlet"].getcurrent().parent
    while above is not None:
        context = above.gr_context
        scope: OpenSpan = START if context is None else context.get(current, START)
        while scope.end_ns >= 0:
            scope = scope.parent  # type: ignore[assignment]
        if scope is not NOWHERE:
            return scope
        above = above.parent
    return NOWHERE
