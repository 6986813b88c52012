"""The timing of pytest-benchmark's fixture, done in step with the other side; all else of it stays."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

Call = Callable[[], Any]

Measure = Callable[[str, Callable[[int], int]], None]
"""Times ``run(loops) -> elapsed_ns`` under a name."""

INSIDE_A_LOOP = (
    "a coroutine function cannot be timed inside a running event loop: make the test a plain function, "
    "and let it call benchmark(coroutine_function)"
)


@contextlib.contextmanager
def taken_over(fixture: Any, measure: Measure) -> Iterator[None]:
    """Let benchmarks of the class ``fixture`` be timed by ``measure``, under their node ids.

    Behind all that its users call, pytest-benchmark has two methods that time.
    """

    def _raw(self: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call = partial(function, *args, **kwargs)
        with contextlib.closing(_Timer(_clock_of(self))) as timer:
            timer.once(call)
            _measure(self, measure, partial(timer.time, call))
            return timer.once(call)

    def _raw_pedantic(self: Any, target: Callable[..., Any], **how: Any) -> Any:
        with contextlib.closing(_Timer(_clock_of(self))) as timer:
            rounds = _Rounds(timer, target, **how)
            rounds.once()
            _measure(self, measure, rounds.time)
            return rounds.once()

    before = fixture._raw, fixture._raw_pedantic
    fixture._raw, fixture._raw_pedantic = _raw, _raw_pedantic
    try:
        yield
    finally:
        fixture._raw, fixture._raw_pedantic = before


def _measure(fixture: Any, measure: Measure, time_calls: Callable[[int], int]) -> None:
    """The fixture's own statistics are kept as well: a test may look at them."""
    stats = fixture._make_stats(1)

    def run(loops: int) -> int:
        elapsed_ns = time_calls(loops)
        stats.update(elapsed_ns / loops / 1e9)
        return elapsed_ns

    measure(fixture.fullname, run)


def _clock_of(fixture: Any) -> Callable[[], int]:
    """The suite's own timer, if it has one: they count seconds."""
    timer = fixture._timer
    if timer is time.perf_counter:
        return time.perf_counter_ns
    return lambda: round(timer() * 1e9)


class _Timer:
    """Calls a function, or awaits what it returns in an event loop that lasts until ``close``."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None

    def once(self, call: Call) -> Any:
        """The result of a call; a call that returns a coroutine makes the others be awaited, too."""
        result = call()
        if not inspect.iscoroutine(result):
            return result
        if asyncio._get_running_loop() is not None:
            result.close()
            raise RuntimeError(INSIDE_A_LOOP)
        self._loop = self._loop or asyncio.new_event_loop()
        return self._loop.run_until_complete(result)

    def time(self, call: Call, loops: int) -> int:
        """Nanoseconds that so many calls take."""
        if self._loop is not None:
            return self._loop.run_until_complete(self._awaited(call, loops))
        repeats, clock = itertools.repeat(None, loops), self._clock
        start = clock()
        for _ in repeats:
            call()
        return clock() - start

    async def _awaited(self, call: Call, loops: int) -> int:
        repeats, clock = itertools.repeat(None, loops), self._clock
        start = clock()
        for _ in repeats:
            await call()
        return clock() - start

    def close(self) -> None:
        if self._loop is not None:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class _Rounds:
    """``benchmark.pedantic``: what is done before and after each round of calls is not timed."""

    def __init__(
        self,
        timer: _Timer,
        target: Callable[..., Any],
        *,
        args: Any = (),
        kwargs: Any = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        iterations: int = 1,
        **_: Any,
    ) -> None:
        self._timer, self._target, self._iterations = timer, target, iterations
        self._arguments = args, kwargs or {}
        self._setup, self._teardown = setup, teardown

    def once(self) -> Any:
        """The result of a call, untimed."""
        with self._round() as call:
            return self._timer.once(call)

    def time(self, loops: int) -> int:
        """Nanoseconds of so many calls; of so many rounds, divided by their calls, if rounds are prepared."""
        if self._setup is None and self._teardown is None:
            with self._round() as call:
                return self._timer.time(call, loops)
        elapsed_ns = 0
        for _ in range(loops):
            with self._round() as call:
                elapsed_ns += self._timer.time(call, self._iterations)
        return elapsed_ns // self._iterations

    @contextlib.contextmanager
    def _round(self) -> Iterator[Call]:
        args, kwargs = self._arguments
        if self._setup is not None:
            args, kwargs = self._setup() or (args, kwargs)
        yield partial(self._target, *args, **kwargs)
        if self._teardown is not None:
            self._teardown(*args, **kwargs)
