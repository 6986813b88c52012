"""``run``: one simulation from start to end, cleaned up whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit.errors import SimulationError, UsageError
from perfkit.sim.diagnose import where
from perfkit.sim.loop import VirtualLoop
from perfkit.sim.socketpatch import simulated_sockets
from perfkit.sim.timepatch import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from perfkit.sim.link import Network

T = TypeVar("T")

# Virtual time that cancelled tasks get to end in; a minute is what an aiohttp server allows its handlers.
_GRACE_NS = 3_600_000_000_000
_GRACE_AFTER_ERROR_NS = 60_000_000_000

# Objects made between two collections; with Python's 700 they cost a third of the time at 1,000 connections.
_COLLECT_AFTER = 50_000


def run(
    main: Callable[[], Coroutine[Any, Any, T]], *, network: Network | None = None, limit_ns: int | None = None
) -> T:
    """Run ``main()`` on a virtual clock and network of its own and return its result.

    Like ``asyncio.run``: tasks that are left are cancelled, async generators shut down, the loop closed.
    While it runs, the ``time`` module reads the virtual clock in this thread. Raises ``DeadlockError`` when
    every task waits for another and ``VirtualTimeoutError`` when the clock would pass ``limit_ns``, both past
    any ``except`` in tasks.

    Every run starts from the same state of the ``random`` module (aiohttp shares out connections with it);
    call ``random.seed`` in ``main`` for another one. The caller's state is put back at the end.

    >>> async def main():
    ...     await asyncio.sleep(60)
    ...     return asyncio.get_running_loop().now_ns
    >>> run(main)
    60000000000
    """
    if not callable(main):
        raise UsageError(f"run() needs the function itself, not {main!r}: write run(main), not run(main())")
    if asyncio._get_running_loop() is not None:
        raise UsageError(
            "run() cannot be called inside a running event loop: await the coroutine there instead"
        )
    loop = VirtualLoop(network, limit_ns)
    try:
        with simulating(loop):
            try:
                result = loop.run_until_complete(main())
            except BaseException:
                clean_up(loop, failed=True)
                raise
            clean_up(loop, failed=False)
            return result
    finally:
        loop.close()


@contextlib.contextmanager
def simulating(loop: VirtualLoop) -> Iterator[None]:
    """Clocks, sockets and chance are the simulation's in this thread; everything is put back at the end."""
    with virtual_time(loop), simulated_sockets(), _fixed_random(), _fewer_collections():
        yield


@contextlib.contextmanager
def _fewer_collections() -> Iterator[None]:
    """Let the garbage collector look less often: a simulation keeps very many objects alive."""
    before = gc.get_threshold()
    if before[0]:  # 0 is off
        gc.set_threshold(max(before[0], _COLLECT_AFTER), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def _fixed_random() -> Iterator[None]:
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


def clean_up(loop: VirtualLoop, *, failed: bool) -> None:
    """End what main() has left; raises SimulationError for tasks that do not end, if all went well before."""
    loop.limit_to(loop.now_ns + (_GRACE_AFTER_ERROR_NS if failed else _GRACE_NS))
    if failed:  # one turn, for what the error has left ready: the end of main() would end the next run, too
        loop.call_soon(loop.stop)
        loop.run_forever()
    left = loop.tasks()
    try:
        _cancel(loop, left)
        loop.run_until_complete(loop.shutdown_asyncgens())
    except SimulationError as error:
        # The first error is the one to show; this one only says that its tasks would not end either.
        if not failed:
            raise SimulationError(_left_behind([task for task in left if not task.done()])) from error
    finally:
        loop.executors.end()
        for task in loop.tasks():
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # they are known and given up


def _left_behind(tasks: list[asyncio.Task[Any]]) -> str:
    places = "; ".join(where(task) for task in tasks[:3])
    return (
        f"main() is done, but {len(tasks)} of the tasks it left behind do not end when they are cancelled. "
        f"Await them, or let CancelledError pass: {places}"
    )


def _cancel(loop: VirtualLoop, tasks: list[asyncio.Task[Any]]) -> None:
    if not tasks:
        return
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.wait(tasks))
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            loop.call_exception_handler(
                {"message": "error in a task that was cancelled at the end", "exception": error, "task": task}
            )
