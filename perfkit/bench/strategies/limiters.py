"""Rate limiters of a client: who has to wait is let on at the exact moment, first come first served.

Waiting is a future per caller and one timer. No lock is held while anybody sleeps, so a caller that gives up
holds nobody back.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Protocol

from perfkit.errors import UsageError

SECOND_NS = 1_000_000_000


class _Meter(Protocol):
    def free_ns(self, now_ns: int) -> int:
        """When the next call may begin: ``now_ns`` or earlier if at once."""

    def count(self, now_ns: int) -> None:
        """One begins now."""


class _Limiter:
    """Lets callers on as its meter says."""

    def __init__(self, meter: _Meter) -> None:
        self._meter = meter
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self) -> None:
        """Return when the caller may go on; callers are let on in the order in which they came."""
        loop = asyncio.get_running_loop()
        now_ns = round(loop.time() * 1e9)
        if not self._waiting and self._meter.free_ns(now_ns) <= now_ns:
            self._meter.count(now_ns)
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if self._timer is None:
            self._wake_at(self._meter.free_ns(now_ns))
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:  # else its turn had come, and counts
                self._waiting.remove(turn)
            raise

    async def __aenter__(self) -> None:
        await self.wait()

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back: what counts is when a call began."""

    def _wake_at(self, when_ns: int) -> None:
        self._timer = asyncio.get_running_loop().call_at(when_ns / 1e9, self._let_on, when_ns)

    def _let_on(self, now_ns: int) -> None:
        # by the time that was meant: a real loop may call a trifle early, and then nobody could pass
        self._timer = None
        while self._waiting:
            free_ns = self._meter.free_ns(now_ns)
            if free_ns > now_ns:
                self._wake_at(free_ns)
                return
            turn = self._waiting.popleft()
            if not turn.done():
                self._meter.count(now_ns)
                turn.set_result(None)


class RateLimiter(_Limiter):
    """At most ``burst`` calls at once and ``per_second`` in the long run: a leaky bucket.

    The bucket leaks evenly or, with ``stepwise``, ``per_second`` at once at each whole second after the first
    call, as a Bitrix24 portal counts it. Whoever keeps to the stepwise limit of somebody else does not know
    when its steps are: ``burst - per_second`` and an even leak stay under it wherever they lie.

    >>> async def main():
    ...     limiter = RateLimiter(burst=2, per_second=50)
    ...     for _ in range(3):
    ...         async with limiter:
    ...             pass
    >>> asyncio.run(main())
    """

    def __init__(self, burst: int, per_second: float, *, stepwise: bool = False) -> None:
        if not 1 <= burst < math.inf or not 0 < per_second < math.inf:
            raise UsageError(
                f"a limit of {burst} calls, {per_second} a second, lets nothing through or everything; "
                "burst must be 1 or more, per_second more than 0, and both finite"
            )
        super().__init__(_Steps(burst, per_second) if stepwise else _Even(burst, per_second))
        self.burst, self.per_second, self.stepwise = burst, per_second, stepwise


class SlidingWindowLimiter(_Limiter):
    """At most ``calls`` in any stretch of ``window_s`` seconds.

    >>> async def main():
    ...     limiter = SlidingWindowLimiter(10, 60)
    ...     await limiter.wait()
    >>> asyncio.run(main())
    """

    def __init__(self, calls: int, window_s: float) -> None:
        if calls < 1 or not 0 < window_s < math.inf:
            raise UsageError(
                f"{calls} calls in {window_s} s let nothing through or everything; "
                "calls must be 1 or more, window_s more than 0 and finite"
            )
        super().__init__(_Window(calls, window_s))
        self.calls, self.window_s = calls, window_s


class _Even:
    """The bucket as the moment at which it will be empty: whole nanoseconds add up without error."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._apart_ns = math.ceil(SECOND_NS / per_second)
        self._ahead_ns = round((burst - 1) * self._apart_ns)
        self._empty_ns = 0

    def free_ns(self, now_ns: int) -> int:
        return self._empty_ns - self._ahead_ns

    def count(self, now_ns: int) -> None:
        self._empty_ns = max(self._empty_ns, now_ns) + self._apart_ns


class _Steps:
    """The bucket as its level after the steps since the first call."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._first_ns: int | None = None
        self._steps = 0
        self._level = 0.0

    def free_ns(self, now_ns: int) -> int:
        if self._first_ns is None:
            return now_ns
        steps = (now_ns - self._first_ns) // SECOND_NS
        self._level = max(0.0, self._level - self._per_second * (steps - self._steps))
        self._steps = steps
        over = self._level + 1 - self._burst
        if over <= 0:
            return now_ns
        return self._first_ns + (steps + max(1, math.ceil(over / self._per_second))) * SECOND_NS

    def count(self, now_ns: int) -> None:
        if self._first_ns is None:
            self._first_ns = now_ns
        self._level += 1


class _Window:
    """The latest calls."""

    def __init__(self, calls: int, window_s: float) -> None:
        self._calls, self._window_ns = calls, round(window_s * 1e9)
        self._latest: deque[int] = deque(maxlen=calls)

    def free_ns(self, now_ns: int) -> int:
        return now_ns if len(self._latest) < self._calls else self._latest[0] + self._window_ns

    def count(self, now_ns: int) -> None:
        self._latest.append(now_ns)
