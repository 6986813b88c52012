"""What an asyncio program gives to threads (``run_in_executor``, ``to_thread``), in virtual time.

Each job begins at once, up to the executor's number of threads. It runs in a greenlet: where it blocks, the
loop goes on, as beside a real thread. Without the library greenlet, which the extra "sim-sync" brings, a job
may compute and not block.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from perfkit.errors import MissingExtraError
from perfkit.sim.blocking import below

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.sim.timers import TimerLoop

THREADS = 8
"""Of a loop's own executor: what Python makes it on four cores (``min(32, cores + 4)``), on every machine."""


class Job(NamedTuple):
    """What is to be done, who waits for it, and the context of its caller."""

    call: Callable[[], Any]
    future: asyncio.Future[Any]
    context: Context


class _Pool:
    def __init__(self, threads: int) -> None:
        self.free = threads
        self.waiting: deque[Job] = deque()


class Executors:
    """The threads that the programs of one simulation have."""

    def __init__(self, loop: TimerLoop) -> None:
        self._loop = loop
        self._own = _Pool(THREADS)
        self._pools: WeakKeyDictionary[Any, _Pool] = WeakKeyDictionary()
        self._workers: dict[Any, None] = {}
        self._without_greenlets = False

    def submit(self, executor: Any, call: Callable[[], Any]) -> asyncio.Future[Any]:
        """Do it now, or when a thread is free; the future has its result."""
        pool = self._own
        if executor is not None:
            threads = getattr(executor, "_max_workers", THREADS)
            pool = self._pools.setdefault(executor, _Pool(threads))
        future = self._loop.create_future()
        pool.waiting.append(Job(call, future, copy_context()))
        self._begin(pool)
        return future

    def _begin(self, pool: _Pool) -> None:
        while pool.waiting and pool.free:
            job = pool.waiting.popleft()
            if not job.future.cancelled():
                pool.free -= 1
                self._start(pool, job)

    def _start(self, pool: _Pool, job: Job) -> None:
        try:
            from greenlet import greenlet
        except ImportError:
            self._inline(pool, job)
            return
        worker: Any = greenlet(lambda: self._live(worker, pool, job))
        worker.gr_context = job.context
        self._workers[worker] = None
        self._switch(worker)

    def _inline(self, pool: _Pool, job: Job) -> None:
        self._without_greenlets = True
        try:
            with _no_running_loop():
                job.context.run(self._work, pool, job)
        finally:
            self._without_greenlets = False

    def _live(self, worker: Any, pool: _Pool, job: Job) -> None:
        try:
            self._work(pool, job)
        finally:
            self._workers.pop(worker, None)

    def _work(self, pool: _Pool, job: Job) -> None:
        error: BaseException | None = None
        result = None
        try:
            result = job.call()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as raised:
            error = raised
        pool.free += 1
        if self._loop.is_closed() or job.future.cancelled():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)
        if pool.waiting:
            self._loop.call_soon(self._begin, pool, context=below())

    def _switch(self, worker: Any) -> None:
        from greenlet import getcurrent

        worker.parent = getcurrent()
        with _no_running_loop():
            worker.switch()

    def wait(self, future: asyncio.Future[Any]) -> bool:
        """If a job calls this, let it wait for ``future`` while the loop goes on; False if none does."""
        if self._without_greenlets:
            raise MissingExtraError("blocking in a function given to an executor", "greenlet", "sim-sync")
        if not self._workers:
            return False
        from greenlet import getcurrent

        worker = getcurrent()
        if worker not in self._workers:
            return False
        waiting = [worker]
        resume = partial(self._resume, waiting)
        future.add_done_callback(resume, context=below())
        try:
            while not future.done():
                worker.parent.switch()
        finally:
            waiting.clear()
            future.remove_done_callback(resume)
        return True

    def _resume(self, waiting: list[Any], _future: Any) -> None:
        if waiting:
            self._switch(waiting.pop())

    def end(self) -> None:
        """Let jobs that still wait clean up, and leave them."""
        if not self._workers:
            return
        from greenlet import getcurrent

        for worker in list(self._workers):
            worker.parent = getcurrent()
            with suppress(Exception):
                worker.throw()
        self._workers.clear()


class _no_running_loop:  # noqa: N801 - used as a statement
    """As in a real thread, where get_running_loop() finds none."""

    def __enter__(self) -> None:
        self._loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)

    def __exit__(self, *_error: object) -> None:
        asyncio._set_running_loop(self._loop)
