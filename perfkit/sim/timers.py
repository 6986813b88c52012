"""The clock and the heap of timers: an event loop that jumps to the next event instead of waiting for it."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit.errors import DeadlockError, VirtualTimeoutError
from perfkit.sim.diagnose import deadlock_report
from perfkit.sim.ordering import Numbers, OrderedFuture, OrderedTask, age

if TYPE_CHECKING:
    from collections import deque

    from perfkit.errors import SimulationError

_T = TypeVar("_T")

HOST: ContextVar[str] = ContextVar("perfkit_sim_host", default="")
"""Which host the running callback belongs to; "" is the client side."""

Gate = Callable[[asyncio.Handle], bool]
"""Is shown each callback of its host that is due, and says whether it keeps it for later."""

_real_ns = time.perf_counter_ns  # read before any simulation patches it

# What sums of floats may be off: they are computed from times and delays that were rounded themselves.
_ROUNDING_S = 1e-12

# The heap is rebuilt without its cancelled timers once they are this many and the greater part of it.
_MANY_CANCELLED = 100


class TimerLoop(asyncio.BaseEventLoop):
    """Callbacks and timers on a virtual clock of whole nanoseconds that starts at 0. It has no selector.

    Two timers for the same nanosecond run in the order in which they were made.
    """

    _ready: deque[Any]
    _debug: bool
    _closed: bool

    def __init__(self, limit_ns: int | None = None) -> None:
        super().__init__()
        self._now_ns = 0
        self._fired_s = 0.0
        self._limit_ns: float = math.inf if limit_ns is None else limit_ns
        self._failed: SimulationError | None = None
        self._heap: list[tuple[int, int, Any]] = []
        self._made = 0
        self._cancelled = 0
        self._turn = 0
        self._future_numbers, self._task_numbers = Numbers(), Numbers()
        self._host = ""
        self._host_since = _real_ns()
        self._computing: dict[str, int] = {}
        self.gates: dict[str, Gate] = {}
        """What stands before the callbacks of a host: a busy processor, a blocked thread."""

    # The clock

    @property
    def now_ns(self) -> int:
        """The virtual clock: nanoseconds since the loop was made."""
        return self._now_ns

    def time(self) -> float:
        """The virtual clock in seconds; a trifle more if a timer of ``call_at`` has fired for that."""
        now_s = self._now_ns / 1e9
        return now_s if now_s > self._fired_s else self._fired_s

    def limit_to(self, limit_ns: int) -> None:
        """Move the limit; the loop raises ``VirtualTimeoutError`` instead of running past it."""
        self._limit_ns = limit_ns
        self._failed = None

    def fail(self, error: SimulationError) -> None:
        """Raise ``error`` from the loop itself too: whoever is told first may swallow it."""
        self._failed, self._limit_ns = error, -1

    def _check_limit(self, when_ns: int) -> None:
        if when_ns > self._limit_ns:
            raise self._failed or VirtualTimeoutError(
                f"not done by {self._limit_ns / 1e9:g} s of virtual time, the limit it was given (next event "
                f"at {when_ns / 1e9:g} s): raise the limit, or look for a loop or a wait that never ends"
            )

    # Timers

    def at_ns(
        self, when_ns: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> asyncio.Handle:
        """Run a callback at an exact moment; cheaper than ``call_at`` because nobody cancels it."""
        self._made += 1
        handle = asyncio.Handle(callback, args, self, context)
        heapq.heappush(self._heap, (when_ns, self._made, handle))
        return handle

    def call_later(  # type: ignore[override]  # typeshed types the arguments by TypeVarTuple
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run a callback after exactly ``round(delay * 1e9)`` ns, at least one if ``delay`` is positive."""
        if delay == math.inf:
            return self._timer(None, delay, callback, args, context)
        ns = max(round(delay * 1e9), 1) if delay > 0 else 0
        return self._timer(self._now_ns + ns, (self._now_ns + ns) / 1e9, callback, args, context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run a callback at the first nanosecond that has reached ``when``, but for the rounding of floats.

        So ``call_at(time() + 0.05, ...)``, as timeouts do it, takes 50,000,000 ns and not sometimes one more.
        """
        if when == math.inf:
            return self._timer(None, when, callback, args, context)
        ns = _reaches_ns(when)
        if ns / 1e9 < when:
            callback, args = self._fire, (when, callback, args)
        return self._timer(ns, when, callback, args, context)

    def _fire(self, when: float, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        # Callbacks that find time() before their deadline would ask for the same moment again, for ever.
        self._fired_s = when
        callback(*args)

    def _timer(
        self, when_ns: int | None, when: float, callback: Any, args: Any, context: Context | None
    ) -> asyncio.TimerHandle:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        if when_ns is not None:
            self._made += 1
            heapq.heappush(self._heap, (when_ns, self._made, timer))
        return timer

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._cancelled += 1
        if self._cancelled > _MANY_CANCELLED and self._cancelled * 2 > len(self._heap):
            # In place, because _run_once holds on to the list.
            self._heap[:] = [entry for entry in self._heap if not entry[2]._cancelled]
            heapq.heapify(self._heap)
            self._cancelled = 0

    # Running

    def call_soon(  # type: ignore[override]  # typeshed types the arguments by TypeVarTuple
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback in the next turn. Half of a simulation's callbacks come this way, so it is short."""
        if self._debug or self._closed:
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def run_forever(self) -> None:
        """Run until ``stop()``, or raise ``DeadlockError`` or ``VirtualTimeoutError`` past any task."""
        self._host_since = _real_ns()
        try:
            super().run_forever()
        finally:
            self._account("")

    def _run_once(self) -> None:
        ready, heap, gates = self._ready, self._heap, self.gates
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            self._jump()
        now_ns = self._now_ns
        if now_ns > self._limit_ns:
            self._check_limit(now_ns)
        while heap and heap[0][0] <= now_ns:
            ready.append(heapq.heappop(heap)[2])
        for _ in range(len(ready)):
            if not ready:  # a callback that blocked has let the others run meanwhile
                break
            handle = ready.popleft()
            if handle._cancelled:
                continue
            context = handle._context
            host = context.get(HOST, "")
            if gates and (gate := gates.get(host)) is not None and gate(handle):
                continue
            if host != self._host:
                self._account(host)
            self._turn += 1
            try:
                context.run(handle._callback, *handle._args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                self._report(handle, error)

    def _jump(self) -> None:
        heap = self._heap
        while heap and heap[0][2]._cancelled:
            heapq.heappop(heap)
        if not heap:
            raise DeadlockError(deadlock_report(self._now_ns, self.tasks()))
        when_ns = heap[0][0]
        if when_ns > self._limit_ns:
            self._check_limit(when_ns)
        if when_ns > self._now_ns:
            self._now_ns = when_ns

    def _report(self, handle: asyncio.Handle, error: BaseException) -> None:
        self.call_exception_handler(
            {"message": f"Unhandled error in {handle!r}", "exception": error, "handle": handle}
        )

    def _write_to_self(self) -> None:
        """Other threads cannot wake this loop: it never sleeps."""

    def _process_events(self, event_list: Any) -> None:
        """There is no selector, so there are no events."""

    # Tasks

    def create_future(self) -> asyncio.Future[Any]:
        """A future that keeps its place in a set on every run."""
        return OrderedFuture(loop=self)

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """A task that keeps its place in a set on every run; a task factory that was set comes first."""
        if self.get_task_factory() is not None:
            return super().create_task(coro, **options)
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        return OrderedTask(coro, loop=self, **options)

    def number_future(self) -> int:
        """For the hash of a future; see ``ordering``."""
        return self._future_numbers.next(self._now_ns)

    def number_task(self) -> int:
        """For the hash of a task; see ``ordering``."""
        return self._task_numbers.next(self._turn)

    def tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that have not ended, oldest first; those made by other means than the loop come last."""
        return sorted(asyncio.all_tasks(self), key=age)

    # Computing time

    def computing_ns(self, host: str = "") -> int:
        """REAL nanoseconds spent in the callbacks of one host so far ("" is the client side).

        The loop's own work counts with the callbacks before it.
        """
        if self.is_running() and host == self._host:
            self._account(host)
        return self._computing.get(host, 0)

    def _account(self, next_host: str) -> None:
        now = _real_ns()
        self._computing[self._host] = self._computing.get(self._host, 0) + now - self._host_since
        self._host, self._host_since = next_host, now

    def new_context(self, host: str) -> Context:
        """A copy of the current context that belongs to ``host``."""
        context = copy_context()
        context.run(HOST.set, host)
        return context


def _reaches_ns(when: float) -> int:
    nearest = round(when * 1e9)
    if nearest / 1e9 >= when - max(_ROUNDING_S, 4 * math.ulp(when)):
        return nearest
    return nearest + 1
