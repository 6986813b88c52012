"""A capture around each call of a function, whatever kind of function it is.

A coroutine is captured while it is awaited, a generator step by step from its first to its last.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeAlias

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.profiling.capture import Capture

    Done: TypeAlias = Callable[[Capture], None]

_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # inspect.CO_*


def label_of(target: Any) -> str:
    """The qualified name of what is decorated."""
    if isinstance(target, (staticmethod, classmethod)):
        target = target.__func__
    plain = target.func if isinstance(target, partial) else target
    name: str = getattr(plain, "__qualname__", type(plain).__qualname__)
    return name.replace(".<locals>", "")


def wrap(target: Any, new_capture: Callable[[Done], Capture]) -> Any:
    """The same function with a new capture around each call; the last that measured is its ``capture``.

    Raises UsageError for something that is no function.
    """
    if isinstance(target, (staticmethod, classmethod)):
        return type(target)(wrap(target.__func__, new_capture))
    if not callable(target) or isinstance(target, type):
        raise UsageError(f"profiling works on functions, not on {target!r}; decorate its methods instead")
    plain = target.func if isinstance(target, partial) else target
    code = getattr(plain, "__code__", None) or getattr(type(plain).__call__, "__code__", None)
    flags = code.co_flags if code is not None else 0
    kinds = {_COROUTINE: _coroutine, _ASYNC_GENERATOR: _async_generator, _GENERATOR: _generator}
    make = next((make for flag, make in kinds.items() if flags & flag), _function)

    def done(capture: Capture) -> None:
        wrapper.capture = capture

    wrapper: Any = wraps(target)(make(target, partial(new_capture, done)))
    wrapper.capture = None
    return wrapper


def _function(target: Callable[..., Any], new_capture: Callable[[], Capture]) -> Callable[..., Any]:
    def profiled(*args: Any, **kwargs: Any) -> Any:
        with new_capture():
            return target(*args, **kwargs)

    return profiled


def _coroutine(target: Callable[..., Any], new_capture: Callable[[], Capture]) -> Callable[..., Any]:
    async def profiled(*args: Any, **kwargs: Any) -> Any:
        with new_capture():
            return await target(*args, **kwargs)

    return profiled


def _generator(target: Callable[..., Any], new_capture: Callable[[], Capture]) -> Callable[..., Any]:
    def profiled(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        inner = target(*args, **kwargs)
        capture, step, sent = new_capture(), inner.send, None
        capture.prepare()
        ended_by: BaseException | None = None
        try:
            while True:
                capture.resume(sys._getframe())
                try:
                    item = step(sent)
                finally:
                    capture.pause_between_steps()
                try:
                    step, sent = inner.send, (yield item)
                except GeneratorExit:
                    inner.close()
                    raise
                except BaseException as error:
                    step, sent = inner.throw, error
        except StopIteration as end:
            return end.value
        except BaseException as error:
            ended_by = error
            raise
        finally:
            capture.finish(ended_by)

    return profiled


def _async_generator(target: Callable[..., Any], new_capture: Callable[[], Capture]) -> Callable[..., Any]:
    async def profiled(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = target(*args, **kwargs)
        capture, step, sent = new_capture(), inner.asend, None
        capture.prepare()
        ended_by: BaseException | None = None
        try:
            while True:
                capture.resume(sys._getframe())
                try:
                    item = await step(sent)
                finally:
                    capture.pause_between_steps()
                try:
                    step, sent = inner.asend, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step, sent = inner.athrow, error
        except StopAsyncIteration:
            return
        except BaseException as error:
            ended_by = error
            raise
        finally:
            capture.finish(ended_by)
            await inner.aclose()

    return profiled
