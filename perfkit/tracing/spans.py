"""``span`` and ``trace``: how an application names its own operations.

Outside a recording both cost a look at one context variable and record nothing.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial, wraps
from types import TracebackType
from typing import Any, TypeVar, overload

from perfkit.errors import UsageError
from perfkit.tracing.scopes import Scope, enter, here, leave

F = TypeVar("F", bound=Callable[..., Any])

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # inspect.CO_*


class span:  # noqa: N801 - used as a statement, as in `with span(...)`
    """Time a block: ``with span("parse", rows=50) as s: s["bytes"] = n``. Also ``async with``.

    Keyword arguments become ``Span.attrs``. An exception is noted by its type and passes on.
    """

    __slots__ = ("_scope", "attrs", "name")

    def __init__(self, name: str, **attrs: Any) -> None:
        self.name = name
        self.attrs = attrs
        self._scope: Scope | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        """Add an attribute while the block runs."""
        self.attrs[key] = value

    def __enter__(self) -> span:
        self._scope = enter("span", self.name, self.attrs, sys._getframe(1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave(self._scope, error)

    async def __aenter__(self) -> span:
        # An `async with` runs this coroutine from the user's frame, which is the one above.
        self._scope = enter("span", self.name, self.attrs, sys._getframe(1))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave(self._scope, error)


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
    code = getattr(plain, "__code__", None) or getattr(type(plain).__call__, "__code__", None)
    flags = code.co_flags if code is not None else 0
    if flags & _COROUTINE:
        wrapper = _coroutine(target, label)
    elif flags & _ASYNC_GENERATOR:
        wrapper = _async_generator(target, label)
    elif flags & _GENERATOR:
        wrapper = _generator(target, label)
    else:
        wrapper = _function(target, label)
    return wraps(target)(wrapper)


def _function(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        if here() is None:
            return target(*args, **kwargs)
        with span(label):
            return target(*args, **kwargs)

    return traced


def _coroutine(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        with span(label):
            return await target(*args, **kwargs)

    return traced


def _generator(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with span(label):
            return (yield from target(*args, **kwargs))

    return traced


def _async_generator(target: Callable[..., Any], label: str) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = target(*args, **kwargs)
        with span(label):
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
