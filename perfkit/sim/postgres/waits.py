"""Runs psycopg's generators, which say what they wait for, on the channels of a simulation.

The steps are the same for coroutines and for sync code; only the waiting differs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any

from perfkit.sim.blocking import block_on

if TYPE_CHECKING:
    from perfkit.sim.postgres.bridge import Bridge
    from perfkit.sim.postgres.channel import Channel


def steps(
    bridge: Bridge,
    generator: Generator[Any, int, Any],
    descriptor: int | None,
    timeout_s: float | None,
    tick_s: float | None,
) -> Generator[Awaitable[Any], Any, Any]:
    """Run a generator of psycopg; yields what is to be awaited, and is sent its result.

    ``descriptor`` None: it says itself which socket it waits for, as those do that connect.
    Raises TimeoutError when its time is up.
    """
    loop = bridge.loop
    deadline_ns = None if timeout_s is None else loop.now_ns + round(timeout_s * 1e9)
    opened: dict[int, Channel] = {}
    channel: Channel | None = None
    try:
        said = next(generator)
        while True:
            number, wanted = said if descriptor is None else (descriptor, said)
            if descriptor is None and number not in opened:
                opened[number] = bridge.open(number)
            channel = bridge.channel(number)
            ready = channel.ready(wanted)
            if not ready:
                yield channel.news(_patience_ns(loop.now_ns, deadline_ns, tick_s))
                ready = channel.ready(wanted)
            said = generator.send(ready)
            if not ready and deadline_ns is not None and loop.now_ns >= deadline_ns:
                raise TimeoutError
    except StopIteration as done:
        return done.value
    except BaseException:
        for number in opened:
            bridge.close(number)
        raise
    finally:
        if channel is not None:
            channel.pull()


def _patience_ns(now_ns: int, deadline_ns: int | None, tick_s: float | None) -> int | None:
    tick_ns = None if tick_s is None else max(round(tick_s * 1e9), 1)  # or time would stand still
    if deadline_ns is None:
        return tick_ns
    left_ns = max(deadline_ns - now_ns, 0)
    return left_ns if tick_ns is None else min(left_ns, tick_ns)


def run(steps: Generator[Any, Any, Any]) -> Any:
    """Run steps while the calling code waits in place."""
    try:
        awaited = next(steps)
        while True:
            try:
                result = block_on(awaited)
            except BaseException as error:
                awaited = steps.throw(error)
            else:
                awaited = steps.send(result)
    except StopIteration as done:
        return done.value


async def run_async(steps: Generator[Any, Any, Any]) -> Any:
    """Run steps while the coroutine's task waits."""
    try:
        awaited = next(steps)
        while True:
            try:
                result = await awaited
            except BaseException as error:
                awaited = steps.throw(error)
            else:
                awaited = steps.send(result)
    except StopIteration as done:
        return done.value
