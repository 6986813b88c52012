"""What an entry point sees: which benchmarks are wanted, and timing each in step with the other side."""

from __future__ import annotations

import asyncio
import gc
import inspect
import itertools
import math
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .channel import Channel

Run = Callable[[int], int]
"""Makes that many calls and returns the nanoseconds they took."""

MOST_LOOPS = 1 << 30

OTHERS_SHARE = 0.05
"""Of a benchmark's time: from here on what other threads and processes do for it is part of it."""


class Refused(Exception):  # noqa: N818 - it ends a side, and is no error in it
    """There is nothing that could be compared."""

    def __init__(self, message: str, usage: bool) -> None:
        super().__init__(message)
        self.usage = usage


class Session:
    """A side's view of the comparison. ``side`` is "base" or "head"."""

    def __init__(self, channel: Channel, setup: dict[str, Any]) -> None:
        self._channel = channel
        self._slower: float = setup.get("slower", 0.0)
        self._wanted: list[str] = []
        self._runners: list[asyncio.Runner] = []
        self._processors: set[int] = set()
        self.side: str = setup["side"]
        self.options: dict[str, Any] = setup["options"]

    def offer(self, names: list[str]) -> list[str]:
        """Tell which benchmarks this side has, and wait for those to measure now, in their order."""
        self._channel.send("offer", names=names)
        self._wanted = self._channel.receive()["names"]
        return list(self._wanted)

    def measure(self, name: str, run: Run) -> None:
        """Time a benchmark in step with the other side; one that is not wanted runs once, untimed.

        What ``run`` raises is reported, and raised again.
        """
        if name not in self._wanted:
            run(1)
            return
        self._channel.send("at", name=name)
        collects = gc.isenabled()
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            self._obey(_slowed(run, self._slower) if self._slower else run)
        except Exception as error:
            self.failed(name, f"{type(error).__name__}: {error}")
            raise
        finally:
            gc.unfreeze()
            if collects:
                gc.enable()
            self._tidy()

    def _tidy(self) -> None:
        if self._processors:
            os.sched_setaffinity(0, self._processors)
            self._processors = set()
        while self._runners:
            self._runners.pop().close()

    def _obey(self, run: Run) -> None:
        answers: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {
            "calibrate": lambda order: ("loops", calibrate(run, order["batch_ns"])),
            "batch": lambda order: ("took", {"ns": run(order["loops"])}),
            "pin": lambda order: ("pinned", self._pin(order["processor"])),
        }
        while (order := self._channel.receive())["do"] != "leave":
            kind, values = answers[order["do"]](order)
            gc.collect(1)  # not 2: a full collection also empties the free lists that the next batch uses
            self._channel.send(kind, **values)  # last, since from here on the other side runs

    def _pin(self, processor: int) -> dict[str, Any]:
        """Run this thread on one processor until the benchmark's end."""
        self._processors = self._processors or os.sched_getaffinity(0)
        os.sched_setaffinity(0, [processor])
        return {}

    def failed(self, name: str, message: str) -> None:
        """Report that a benchmark cannot be measured on this side."""
        self._channel.send("failed", name=name, message=message)

    def refuse(self, message: str, *, usage: bool = False) -> None:
        """End the whole comparison; ``usage`` says that the user's command is to blame, and not the tree."""
        raise Refused(message, usage)

    def loops_of(self, function: Callable[[], Any]) -> Run:
        """A function or coroutine function as something that can be measured.

        A coroutine function gets an event loop of its own, which lasts until its measurement ends.
        """
        if not inspect.iscoroutinefunction(function):
            return repeated(function)
        runner = asyncio.Runner()
        self._runners.append(runner)
        return lambda loops: runner.run(_awaited(function, loops))


def repeated(function: Callable[[], Any]) -> Run:
    """That many calls of a plain function, timed together."""

    def run(loops: int) -> int:
        repeats = itertools.repeat(None, loops)
        start = time.perf_counter_ns()
        for _ in repeats:
            function()
        return time.perf_counter_ns() - start

    return run


async def _awaited(function: Callable[[], Awaitable[Any]], loops: int) -> int:
    repeats = itertools.repeat(None, loops)
    start = time.perf_counter_ns()
    for _ in repeats:
        await function()
    return time.perf_counter_ns() - start


def calibrate(run: Run, batch_ns: int) -> dict[str, Any]:
    """How many calls, ``loops``, take about ``batch_ns``; their time, ``ns``; whether they were ``alone``.

    That is: no other thread or process worked for the one that made them.
    """
    loops = 1
    while True:
        others_s = _worked_by_others()
        elapsed_ns = run(loops)
        others_s = _worked_by_others() - others_s
        if elapsed_ns * 1.5 >= batch_ns or loops >= MOST_LOOPS:
            alone = others_s * 1e9 < OTHERS_SHARE * elapsed_ns
            return {"loops": loops, "ns": elapsed_ns, "alone": alone}
        more = math.ceil(loops * batch_ns / max(elapsed_ns, 1))
        loops = min(max(loops + 1, more), loops * 10, MOST_LOOPS)


def _worked_by_others() -> float:
    """Processor time in seconds of this process's other threads, and of its children that have ended."""
    times = os.times()
    return time.process_time() - time.thread_time() + times.children_user + times.children_system


def _slowed(run: Run, share: float) -> Run:
    """``run`` with real work added: that share of its calls again, and what is left of one as a busy wait."""

    def slower(loops: int) -> int:
        elapsed_ns = run(loops)
        again = int(loops * share)
        extra_ns = run(again) if again else 0
        start = time.perf_counter_ns()
        rest_ns = (loops * share - again) * elapsed_ns / loops
        while time.perf_counter_ns() - start < rest_ns:
            pass
        return elapsed_ns + extra_ns + time.perf_counter_ns() - start

    return slower
