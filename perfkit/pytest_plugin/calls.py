"""Recording the body of a test, however it is run: plain, by pytest-asyncio, by anyio, by unittest.

The test function is wrapped for the time of its call, so that neither fixtures nor the start of an event loop
are in the recording, and a coroutine is recorded inside the task it runs in.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from perfkit.pytest_plugin.memory import Peak
from perfkit.recording import record

_RECORDING = pytest.StashKey[record]()


def recording_of(item: pytest.Item) -> record:
    """The recording of that test, which begins when its body does."""
    if _RECORDING not in item.stash:
        item.stash[_RECORDING] = record()
    return item.stash[_RECORDING]


def has_recording(item: pytest.Item) -> bool:
    """Whether the fixture ``perf`` was set up for it."""
    return _RECORDING in item.stash


def forget(item: pytest.Item) -> None:
    """Let go of its recording: a test that is run again is recorded anew."""
    if _RECORDING in item.stash:
        del item.stash[_RECORDING]


class Call:
    """One run of a test's body: ``completed`` once it came to its end without an exception."""

    def __init__(self, item: pytest.Item, *, memory: bool) -> None:
        self.item = item
        self.recording = recording_of(item)
        self.peak = Peak() if memory else None
        self.begun = self.completed = False

    @property
    def peak_bytes(self) -> int | None:
        """The allocation peak of the body; None if it was not asked for."""
        return self.peak.bytes if self.peak is not None else None

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Around the body."""
        __tracebackhide__ = True
        self.begun = True
        if self.peak is not None:
            self.peak.resume()
        try:
            with self.recording:
                yield
            self.completed = True
        finally:
            if self.peak is not None:
                self.peak.suspend()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While pytest-benchmark measures: no memory is traced."""
        if self.peak is not None:
            self.peak.suspend()
        try:
            yield
        finally:
            if self.peak is not None:
                self.peak.resume()

    @contextmanager
    def wrapped(self) -> Iterator[None]:
        """While the test is run; a test that is no function is recorded from here."""
        function = getattr(self.item, "obj", None)
        if not isinstance(self.item, pytest.Function) or function is None:
            with self.recorded():
                yield
            return
        wrapped = self._around(function)
        case = self.item.instance
        # pytest runs a coroutine of a TestCase by its name, and everything else as ``item.obj``
        by_name = hasattr(case, "_testMethodName") and inspect.iscoroutinefunction(function)
        self.item.obj = wrapped
        if by_name:
            vars(case)[self.item.name] = wrapped
        try:
            yield
        finally:
            self.item.obj = function
            if by_name:
                del vars(case)[self.item.name]

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def in_task(*args: Any, **kwargs: Any) -> Any:
                __tracebackhide__ = True
                with self.recorded():
                    return await function(*args, **kwargs)

            return in_task

        @functools.wraps(function)
        def in_thread(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            with self.recorded():
                return function(*args, **kwargs)

        return in_thread
