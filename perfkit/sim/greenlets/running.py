"""``run_sync``: one simulation of threads from start to end."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit.errors import SimulationError, UsageError
from perfkit.sim.greenlets.interrupts import interrupting
from perfkit.sim.greenlets.preparing import hub_loop
from perfkit.sim.runner import clean_up, simulating
from perfkit.sim.unsupported import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from perfkit.sim.greenlets.loop import GreenletLoop
    from perfkit.sim.link import Network

T = TypeVar("T")

_GRACE_NS = 60_000_000_000
"""Virtual time that ``main`` gets to end in after the simulation has failed."""


def run_sync(
    main: Callable[..., T],
    *,
    network: Network | None = None,
    limit_ns: int | None = None,
    world: Callable[[], AbstractAsyncContextManager[Any]] | None = None,
) -> T:
    """Run ``main()``, a plain function, on a virtual clock and network of its own and return its result.

    ``world()`` gives an async context manager that starts the servers, on the same clock; ``main`` is given
    what it yields. Threads that ``main`` leaves behind stop where they are. DeadlockError and
    VirtualTimeoutError are raised past any ``except`` in ``main``, and in ``main`` itself, so that it can
    clean up. Raises SimulationError where ``prepare`` was not called; see there. ``asyncio.run`` inside is
    not simulated, and says so.
    """
    if not callable(main) or asyncio.iscoroutinefunction(main):
        raise UsageError(f"run_sync() needs a plain function, not {main!r}; perfkit.sim.run takes async ones")
    hub, of_hub = hub_loop()
    from perfkit.sim.greenlets.loop import GreenletLoop

    loop = GreenletLoop(hub, network, limit_ns)
    failed = True
    try:
        with simulating(loop), _no_other_loops():
            try:
                with of_hub.running(loop):
                    result: T = _run(loop, main, world)
                failed = False
            finally:
                clean_up(loop, failed=failed)
        return result
    finally:
        loop.close()


def _run(loop: GreenletLoop, main: Callable[..., Any], world: Any) -> Any:
    if world is None:
        return _Main(loop, main, ()).result()
    started, ended = loop.create_future(), loop.create_future()

    async def host() -> None:
        async with world() as running:
            started.set_result(running)
            await ended

    hosting = loop.create_task(host())
    hosting.add_done_callback(lambda _: started.done() or started.cancel())
    loop.block_until(started)
    if started.cancelled():
        hosting.result()
    try:
        return _Main(loop, main, (started.result(),)).result()
    finally:
        if not ended.done():
            ended.set_result(None)
        loop.block_until(hosting)
        hosting.result()


class _Main:
    """``main`` in a greenlet of its own, which for Python is the main thread meanwhile.

    The greenlet that called ``run_sync`` is where the hub raises what ends a simulation: thus no ``except``
    in ``main`` swallows it.
    """

    def __init__(self, loop: GreenletLoop, main: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        import gevent

        self._loop = loop
        self._main, self._arguments = main, arguments
        self._done: asyncio.Future[Any] = loop.create_future()
        self._greenlet = gevent.spawn(self._call)

    def _call(self) -> None:
        with _main_thread():
            try:
                self._done.set_result((self._main(*self._arguments), None))
            except BaseException as error:
                self._done.set_result((None, error))

    def result(self) -> Any:
        """Wait for it."""
        try:
            with interrupting(self._greenlet, self._loop.hub):
                self._loop.block_until(self._done)
        except SimulationError as error:
            self._end(error)
            raise
        result, raised = self._done.result()
        if raised is not None:
            raise raised
        return result

    def _end(self, reason: SimulationError) -> None:
        self._loop.limit_to(self._loop.now_ns + _GRACE_NS)
        self._greenlet.kill(reason, block=False)
        with suppress(SimulationError):  # it does not end: it stays where it is
            self._loop.block_until(self._done)


@contextmanager
def _main_thread() -> Iterator[None]:
    ident, thread = threading.get_ident(), threading.main_thread()
    threading._active[ident] = thread  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del threading._active[ident]  # type: ignore[attr-defined]


@contextmanager
def _no_other_loops() -> Iterator[None]:
    places = [(module, module.new_event_loop) for module in (asyncio, asyncio.events)]
    for module, _ in places:
        module.new_event_loop = _no_loop  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module, original in places:
            module.new_event_loop = original  # type: ignore[attr-defined]


def _no_loop() -> Any:
    refuse(
        "asyncio.run() in a simulation of threads",
        "give perfkit.sim.run an async function; in perfkit bench, make the strategy one",
    )
