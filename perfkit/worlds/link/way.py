"""One direction of one connection: what is under way, and when it arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from perfkit.sim.distributions import draw_ns

if TYPE_CHECKING:
    from perfkit.sim import Link

MAX_UNDER_WAY_BYTES = 16 * 1024 * 1024
"""What a direction of a connection holds before it stops reading: 3 Gbit/s at a round trip of 40 ms."""

_PIECE_BYTES = 16 * 1024
"""With a limited bandwidth the first bytes of a large write arrive before the last ones."""

_EARLY_S = 1e-6


class Mark(Enum):
    """What arrives in its turn, like data, but is none."""

    END = "end"
    RESET = "reset"


class Source(Protocol):
    """Where bytes come from."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read again."""


class Target(Protocol):
    """Where bytes arrive."""

    def write(self, data: bytes) -> None:
        """Take bytes."""

    def finish(self) -> None:
        """The other end sends no more."""

    def reset(self) -> None:
        """The other end has broken the connection off."""


class Way:
    """Bytes on their way. Each leaves when it is due, and none before those that came first.

    Every chunk has its own due time, so that latency does not limit the throughput and what was sent in one
    go arrives in one go. ``link()`` is asked for every chunk: settings may change at any time. ``opens_s`` is
    when the connection is established, before which nothing sets out.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, link: Callable[[], Link], opens_s: float, seed: int, name: str
    ) -> None:
        self._loop, self._link, self._seed, self._name = loop, link, seed, name
        self._opens_s = self._free_s = self._last_s = opens_s
        self._under_way: deque[tuple[float, bytes | Mark]] = deque()
        self._size_bytes = self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._source: Source | None = None
        self._target: Target | None = None
        self._full = self._blocked = self._held = False
        self.close_s = 0.0

    def leave(self, source: Source) -> None:
        """Where it begins is connected."""
        self._source = source

    def reach(self, target: Target) -> None:
        """Where it ends is connected."""
        self._target = target
        self._pass()

    def put(self, data: bytes) -> None:
        """Send bytes on their way."""
        link = self._link()
        if self._target is not None and not self._under_way and self._is_immediate(link):
            self._target.write(data)
            return
        if link.bandwidth_bytes_per_s is None:
            self._append(data, link)
        else:
            for start in range(0, len(data), _PIECE_BYTES):
                self._append(data[start : start + _PIECE_BYTES], link)
        self._size_bytes += len(data)
        if self._source is not None and self._size_bytes > MAX_UNDER_WAY_BYTES and not self._full:
            self._full = True
            self._source.pause()
        self._wake()

    def end(self, mark: Mark) -> None:
        """Send a close on its way: a ``Mark.END`` arrives ``close_s`` later than it should."""
        self._append(b"", self._link())
        due_s, _ = self._under_way.pop()
        self._under_way.append((due_s + self.close_s, mark))
        self._wake()

    def hold(self, held: bool) -> None:
        """Let nothing pass any more; or let it pass again, and what has piled up first."""
        self._held = held
        self._pass()

    def block(self, blocked: bool) -> None:
        """The target takes no more for now; or takes more again."""
        self._blocked = blocked
        self._pass()

    def close(self) -> None:
        """Drop what is under way."""
        self._under_way.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _is_immediate(self, link: Link) -> bool:
        """Whether nothing delays bytes that set out now."""
        return (
            not (link.rtt_ns or self._blocked or self._held)
            and link.jitter is None
            and link.bandwidth_bytes_per_s is None
            and self._last_s <= self._loop.time()
        )

    def _append(self, data: bytes, link: Link) -> None:
        start_s = max(self._loop.time(), self._opens_s)
        if link.bandwidth_bytes_per_s is not None:
            self._free_s = start_s = max(start_s, self._free_s) + len(data) / link.bandwidth_bytes_per_s
        delay_ns = link.rtt_ns / 2
        if link.jitter is not None:
            delay_ns += draw_ns(link.jitter, self._seed, self._name, self._number)
            self._number += 1
        self._last_s = max(self._last_s, start_s + delay_ns / 1e9)
        self._under_way.append((self._last_s, data))

    def _wake(self) -> None:
        if self._under_way[0][0] <= self._loop.time():
            self._pass()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._under_way[0][0], self._pass)

    def _pass(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._target is None:
            return
        now_s = self._loop.time() + _EARLY_S
        while self._under_way and not (self._blocked or self._held):
            due_s, what = self._under_way[0]
            if due_s > now_s:
                self._timer = self._loop.call_at(due_s, self._pass)
                break
            self._under_way.popleft()
            self._deliver(self._target, what)
        if self._source is not None and self._full and self._size_bytes < MAX_UNDER_WAY_BYTES // 2:
            self._full = False
            self._source.resume()

    def _deliver(self, target: Target, what: bytes | Mark) -> None:
        if what is Mark.RESET:
            target.reset()
        elif what is Mark.END:
            target.finish()
        else:
            self._size_bytes -= len(what)
            target.write(what)
