"""Which span is open here: one context variable, right across await, gather, tasks and generators.

A scope is an open span (or the recording itself) seen from inside. Three habits keep the tree right:

- A scope is left by comparing, never by ``ContextVar.reset``: a generator closed elsewhere resets in another
  context, and that raises "created in a different Context".
- A scope that has ended is skipped when a parent is looked for, so a task outliving its parent's span does
  not gain children in the past.
- A scope opened in a generator's body is skipped while that generator is suspended: what its consumer does
  between two items is not the generator's doing.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, Any

from perfkit.model.trace import Span
from perfkit.tracing.callpath import capture

if TYPE_CHECKING:
    from perfkit.tracing.recorder import Recording

_GENERATOR_FLAGS = 0x20 | 0x200  # inspect.CO_GENERATOR | CO_ASYNC_GENERATOR


class Scope:
    """An open span seen from inside; with ``span`` None the recording itself.

    ``before`` is what the context variable held: the parent, or a suspended generator between the two.
    """

    __slots__ = ("before", "frame", "recording", "span")

    def __init__(
        self, recording: Recording, span: Span | None, before: Scope | None, frame: FrameType | None = None
    ) -> None:
        self.recording = recording
        self.span = span
        self.before = before
        self.frame = frame

    def is_open(self) -> bool:
        """Whether spans that start now belong inside."""
        if self.recording.closed or (self.span is not None and self.span.end_ns >= 0):
            return False
        return self.frame is None or self.frame.f_back is not None


current: ContextVar[Scope | None] = ContextVar("perfkit_scope", default=None)
_whole_process: list[Scope] = []


def follow_whole_process(scope: Scope | None) -> None:
    """Let ``scope`` also take the spans of threads that know of no recording; None ends that."""
    _whole_process[:] = [] if scope is None else [scope]


def innermost_open(scope: Scope | None) -> Scope | None:
    """``scope`` itself, or the nearest one before it that is still open."""
    while scope is not None and not scope.is_open():
        scope = scope.before
    return scope


def here() -> Scope | None:
    """The innermost open scope, or None where nothing is recorded."""
    scope = innermost_open(current.get())
    if scope is None and _whole_process:
        return _whole_process[0] if _whole_process[0].is_open() else None
    return scope


def enter(kind: str, name: str, attrs: dict[str, Any], frame: FrameType | None) -> Scope | None:
    """Open a span below the current one; None where nothing is recorded. ``frame`` is its caller's frame."""
    outer = here()
    if outer is None:
        return None
    path = capture(frame)
    span = outer.recording.start(kind, name, outer.span, path, attrs)
    scope = Scope(outer.recording, span, current.get(), _generator(frame))
    current.set(scope)
    return scope


def leave(scope: Scope | None, error: BaseException | None = None) -> None:
    """Close the span that ``enter`` opened; naming the exception that ended it, if one did."""
    if scope is None or scope.span is None:
        return
    if scope.span.end_ns < 0:
        scope.span.end_ns = scope.recording.now_ns()
    if error is not None and not isinstance(error, GeneratorExit):
        scope.span.error = type(error).__name__
    if current.get() is scope:
        current.set(scope.before)


def _generator(frame: FrameType | None) -> FrameType | None:
    """``frame`` if it runs a generator's body, unless ``contextlib`` drives it for a with statement."""
    if frame is None or not frame.f_code.co_flags & _GENERATOR_FLAGS:
        return None
    back = frame.f_back
    contextlib = sys.modules.get("contextlib")
    driven = back is not None and contextlib is not None and back.f_code.co_filename == contextlib.__file__
    return None if driven else frame
