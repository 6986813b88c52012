"""``span`` and ``trace``: how an application names its own operations.

Outside a recording both cost a look at one list and record nothing. The way in is written out in full both in
``UserSpan.__enter__`` and in ``_function``: a call saved there is a tenth of what a span costs.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack
from functools import partial, wraps
from threading import get_ident
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType, TracebackType
from typing import Any, TypeVar, overload

from perfkit.errors import UsageError
from perfkit.tracing.open_spans import DEFINITIONS, NOWHERE, OpenSpan
from perfkit.tracing.scopes import (
    GENERATOR_FLAGS,
    active,
    current,
    generator_of,
    innermost,
    outside_contextlib,
    place_in,
)

F = TypeVar("F", bound=Callable[..., Any])

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # inspect.CO_*
_OF_A_CACHE = ("cache_clear", "cache_info", "cache_parameters")
_MAX_DECORATORS = 100

_ENTER_CONTEXT = ExitStack.enter_context.__code__
_get, _set = current.get, current.set
_frame = sys._getframe
_modules = sys.modules


class UserSpan(OpenSpan, eq=False):
    """What ``span`` makes: the span itself, as a context manager for ``with`` and ``async with``."""

    def __setitem__(self, key: str, value: Any) -> None:
        """Add an attribute while the block runs."""
        self.note(**{key: value})

    def __enter__(self) -> UserSpan:
        if not active:
            return self
        scope = _get()
        while scope.end_ns >= 0:
            scope = scope.parent  # type: ignore[assignment]
        place = scope.place
        if place is None or scope.held is not None or self.place is not None:
            return self._enter_carefully(_caller(2))
        if "_asyncio" in _modules or place.thread.ident != get_ident():
            place = place.recording.place_of_task()
        try:
            frame = _frame(1)
        except ValueError:  # entered by C code, as in a thread that runs nothing else
            return self._enter_carefully(None)
        self.caller = code = frame.f_code
        self.lasti = frame.f_lasti
        self.parent = scope
        self.place = place
        if code.co_flags & GENERATOR_FLAGS or code is _ENTER_CONTEXT:
            self._look_around(frame, frame)
        place.append(self)
        _set(self)
        self.start_ns = now = place.now_ns()
        if now >= place.thread.due_ns:
            self.start_ns = place.read_processor_clock(now)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        place = self.place
        if place is not None and self.end_ns < 0:
            self.end_ns = now = place.now_ns()
            if error is not None or self.held is not None:
                self.held = None if error is None or kind is GeneratorExit else type(error).__name__
            if now >= place.thread.due_ns:
                place.read_processor_clock(now)

    async def __aenter__(self) -> UserSpan:
        # An `async with` runs this coroutine from the user's frame, which is the one above.
        return self._enter_carefully(_caller(2)) if active else self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _enter_carefully(self, frame: FrameType | None, caller: FrameType | None = None) -> UserSpan:
        """Enter wherever that is: a block in ``frame``, opened by ``caller`` if that is another frame."""
        if self.place is not None:
            raise UsageError(f"span {self.name!r} was entered before: call span() anew for each block")
        scope = innermost()
        place = place_in(scope)
        if place is None:
            return self
        self.parent, self.place = scope, place
        if frame is not None:
            self._look_around(frame, caller or frame)
        place.append(self)
        _set(self)
        self.start_ns = now = place.now_ns()
        if now >= place.thread.due_ns:
            self.start_ns = place.read_processor_clock(now)
        return self

    def _look_around(self, frame: FrameType, opener: FrameType) -> None:
        """Note the line that opens it, and the generator that ``frame`` stands in, if any."""
        opener = outside_contextlib(opener)
        self.caller, self.lasti = opener.f_code, opener.f_lasti
        self.held = generator_of(frame)


def _caller(depth: int) -> FrameType | None:
    """The frame so far up; None where C code called the outermost Python function."""
    frame: FrameType | None = _frame()
    for _ in range(depth):
        frame = frame.f_back if frame is not None else None
    return frame


def span(name: str, /, **attrs: Any) -> UserSpan:
    """A context manager, also for ``async with``, that records its block.

    ``with perfkit.span("parse", rows=50) as s: s["bytes"] = n``. Keyword arguments become ``Span.attrs``.
    An exception is noted by its type and passes on.
    """
    return UserSpan(name, attrs or None)


@overload
def trace(target: F) -> F: ...
@overload
def trace(target: str | None = None) -> Callable[[F], F]: ...
def trace(target: Any = None) -> Any:
    """Record each call of a function: ``@trace`` or ``@trace("name")``.

    Works on def, async def, generators, async generators, methods, static and class methods, partial
    objects and objects with ``__call__``; name, signature and kind stay. A generator's span lasts until it
    is exhausted or closed. Raises UsageError for something that cannot be called.
    """
    if target is None or isinstance(target, str):
        return partial(_decorate, name=target)
    return _decorate(target, name=None)


def _decorate(target: Any, *, name: str | None) -> Any:
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(_decorate(target.__func__, name=name))
    if not callable(target) or isinstance(target, type):
        raise UsageError(f"@trace works on functions, not on {target!r}; decorate its methods instead")
    plain = target.func if isinstance(target, partial) else target
    label = name or getattr(plain, "__qualname__", type(plain).__qualname__).replace(".<locals>", "")
    code = _code(plain)
    if code is not None:
        DEFINITIONS.setdefault(label, code)
    traced = wraps(target)(_wrapper(target, label, code.co_flags if code is not None else 0))
    for kept in _OF_A_CACHE:
        if hasattr(target, kept):
            setattr(traced, kept, getattr(target, kept))
    return traced


def _code(plain: Any) -> CodeType | None:
    code = getattr(plain, "__code__", None) or getattr(type(plain).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _flags_inside(target: Any) -> int:
    """Of the innermost function of a stack of decorators."""
    for _ in range(_MAX_DECORATORS):
        inner = target.func if isinstance(target, partial) else getattr(target, "__wrapped__", None)
        if inner is None:
            break
        target = inner
    code = _code(target)
    return code.co_flags if code is not None else 0


def _wrapper(target: Callable[..., Any], label: str, flags: int) -> Callable[..., Any]:
    if flags & _COROUTINE:
        return _coroutine(target, label)
    if flags & _ASYNC_GENERATOR:
        return _async_generator(target, label)
    if flags & _GENERATOR:
        return _generator(target, label)
    if _flags_inside(target) & (_COROUTINE | _ASYNC_GENERATOR | _GENERATOR):
        return _either(target, label)
    return _function(target, label)


def _function(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        if not active:
            return target(*args, **kwargs)
        scope = _get()
        while scope.end_ns >= 0:
            scope = scope.parent  # type: ignore[assignment]
        place = scope.place
        if place is None or scope.held is not None:
            scope = innermost()
            place = scope.place
            if place is None:
                return target(*args, **kwargs)
        if "_asyncio" in _modules or place.thread.ident != get_ident():
            place = place.recording.place_of_task()
        now = place.now_ns()
        try:
            frame = _frame(1)
            opened = OpenSpan(label, None, scope, place, now, -1, frame.f_code, frame.f_lasti)
        except ValueError:  # called by C code: the first function of a greenlet or of a bare thread
            opened = OpenSpan(label, None, scope, place, now)
        place.append(opened)
        _set(opened)
        if now >= place.thread.due_ns:
            opened.start_ns = place.read_processor_clock(now)
        try:
            return target(*args, **kwargs)
        except BaseException as error:
            if opened.end_ns < 0:
                opened.held = type(error).__name__
            raise
        finally:
            if opened.end_ns < 0:
                opened.end_ns = now = place.now_ns()
                if now >= place.thread.due_ns:
                    place.read_processor_clock(now)

    return traced


def _coroutine(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        if not active:
            return await target(*args, **kwargs)
        with _entered(label):
            return await target(*args, **kwargs)

    return traced


def _generator(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        if not active:
            return (yield from target(*args, **kwargs))
        with _entered(label):
            return (yield from target(*args, **kwargs))

    return traced


def _async_generator(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = target(*args, **kwargs)
        with _entered(label):
            try:
                item = await inner.__anext__()
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        item = await inner.athrow(error)
                    else:
                        item = await inner.asend(sent)
            except StopAsyncIteration:
                return
            finally:
                await inner.aclose()

    return traced


def _either(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    """A plain function around one that is not: it may hand on the other's coroutine, or run it.

    Which, is known afterwards only, so what runs in the call is recorded beside it and not below it.
    """

    def traced(*args: Any, **kwargs: Any) -> Any:
        scope = innermost() if active else NOWHERE
        place = place_in(scope)
        if place is None:
            return target(*args, **kwargs)
        frame = _caller(2)
        opened = UserSpan(label, None, scope, place, place.now_ns())
        if frame is not None:
            opened.caller, opened.lasti = frame.f_code, frame.f_lasti
        try:
            result = target(*args, **kwargs)
        except BaseException as error:
            place.append(opened)
            opened.__exit__(type(error), error, None)
            raise
        continued = _CONTINUED.get(type(result))
        if continued is not None:
            return continued(lambda: result, label)()
        place.append(opened)
        opened.__exit__(None, None, None)
        return result

    return traced


_CONTINUED = {CoroutineType: _coroutine, GeneratorType: _generator, AsyncGeneratorType: _async_generator}


class _entered:  # noqa: N801 - used as a statement, as in `with _entered(...)`
    """The span of a call whose wrapper is a coroutine or a generator: opened by whoever resumed it first."""

    __slots__ = ("_span",)

    def __init__(self, label: str) -> None:
        self._span = UserSpan(label)

    def __enter__(self) -> None:
        if active:
            frame = _frame(1)
            self._span._enter_carefully(frame, frame.f_back)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._span.__exit__(kind, error, trace)
