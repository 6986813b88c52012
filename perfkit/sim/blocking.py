"""Synchronous code inside a simulation: it waits in place while virtual time passes for everybody else.

    answer = block_on(fetch())            # in a function that is not async: a driver, a socket, time.sleep

In a simulation of threads (``run_sync``) the calling thread waits and others go on. In one of asyncio
(``run``) the whole host of the caller stands still, as its event loop would: its callbacks are put aside,
those of the other hosts run, and what was put aside follows in its order.

There is one stack: a host that blocks goes on only when those that have blocked after it do.
"""

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar, cast

from perfkit.errors import SimulationError
from perfkit.sim.timepatch import running_clock
from perfkit.sim.timers import HOST

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from perfkit.sim.loop import VirtualLoop
    from perfkit.sim.timers import TimerLoop

T = TypeVar("T")

BELOW: ContextVar[bool] = ContextVar("perfkit_sim_below", default=False)
"""Whether a callback stands for what is below a program, its kernel: it runs although its host blocks."""


def current_loop() -> VirtualLoop | None:
    """The simulation that runs in this process and thread, if any."""
    return cast("VirtualLoop | None", running_clock())


def block_on(awaitable: asyncio.Future[T] | Coroutine[Any, Any, T]) -> T:
    """The result of a future or coroutine of the running simulation, waited for in place.

    A coroutine runs below the caller's host. Of a future, what completes it must run there too, or on another
    host: start it in a copy of ``below()``, or else the caller waits for what it holds back itself. Raises
    what the awaitable raises, DeadlockError where nothing is left that could complete it, SimulationError
    outside a simulation.

    >>> from perfkit.sim import run
    >>> async def main():
    ...     block_on(asyncio.sleep(60))  # and not "await": the loop is held up
    ...     return asyncio.get_running_loop().time()
    >>> run(main)
    60.0
    """
    loop = current_loop()
    if loop is None:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
        raise SimulationError("block_on() needs a running simulation in this thread: see perfkit.sim.run")
    if not asyncio.isfuture(awaitable):
        awaitable = loop.create_task(awaitable, context=below())
    future = awaitable
    try:
        loop.block_until(future)
    finally:
        if not future.done():  # the caller gives up: a timeout, a kill, a deadlock
            future.cancel()
    return future.result()


def below() -> Context:
    """A copy of the current context for what runs below a program that blocks: its sockets, its sleep."""
    context = copy_context()
    context.run(BELOW.set, True)
    return context


def run_others(loop: TimerLoop, future: asyncio.Future[Any]) -> None:
    """Run the loop, without the callbacks of the calling host, until ``future`` is done."""
    host, task, running = HOST.get(), asyncio.current_task(loop), asyncio._get_running_loop()
    held: list[asyncio.Handle] = []
    before = loop.gates.get(host)
    loop.gates[host] = lambda handle: _keep(handle, held)
    if task is not None:
        _leave_task(loop, task)
    asyncio._set_running_loop(loop)  # there is none in a function given to run_in_executor
    try:
        while not future.done():
            loop._run_once()
    except SimulationError as error:
        loop.fail(error)
        raise
    finally:
        asyncio._set_running_loop(running)
        if task is not None:
            _enter_task(loop, task)
        if before is None:
            del loop.gates[host]
        else:
            loop.gates[host] = before
        loop._ready.extendleft(reversed(held))
        loop._account(host)


def _keep(handle: asyncio.Handle, held: list[asyncio.Handle]) -> bool:
    keep = not handle._context.get(BELOW, False)  # type: ignore[attr-defined]
    if keep:
        held.append(handle)
    return keep
