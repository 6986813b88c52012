"""Outages: what a connection sends and receives while one of its ends is cut off, kept until it is healed."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perfkit.sim.transports import MemoryTransport

UNANSWERED_NS = 924_600_000_000
"""How long data may go unanswered: what Linux' net.ipv4.tcp_retries2 = 15 comes to (kernel, ip-sysctl)."""

UNCONNECTED_NS = 127_000_000_000
"""How long a kernel tries to connect: what Linux' net.ipv4.tcp_syn_retries = 6 comes to (tcp(7))."""


def timed_out() -> TimeoutError:
    """What a program gets when its kernel gives up."""
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class Outage:
    """Of one direction, from ``sender`` to its peer: what was under way, then what was sent since."""

    def __init__(self, sender: MemoryTransport) -> None:
        self._sender = sender
        self._under_way: list[tuple[int, Any, tuple[Any, ...]]] = []
        self._sent: list[tuple[int, Any, tuple[Any, ...]]] = []

    @property
    def unsent_bytes(self) -> int:
        """What the sender's kernel keeps."""
        return sum(size for size, *_ in self._sent)

    def keep_sent(self, size: int, callback: Any, args: tuple[Any, ...]) -> None:
        """Keep what is sent now; ``callback(*args)`` is how it arrives."""
        self._expect_answer()
        self._sent.append((size, callback, args))

    def keep_arriving(self, size: int, callback: Any, args: tuple[Any, ...]) -> None:
        """Keep what would arrive now."""
        self._expect_answer()
        self._under_way.append((size, callback, args))

    def _expect_answer(self) -> None:
        if not self._sent and not self._under_way:
            sender = self._sender
            sender._loop.at_ns(sender._loop.now_ns + UNANSWERED_NS, self._give_up, (), sender._context)

    def _give_up(self) -> None:
        if self._sender._wire.outage is self:
            self._sender._drop(timed_out())

    def end(self) -> None:
        """Send all of it again, in order, and whatever the sender still has."""
        sender, wire = self._sender, self._sender._wire
        loop, wire.outage = sender._loop, None
        for size, callback, args in self._under_way + self._sent:
            loop.at_ns(wire.put(loop.now_ns, size), callback, args, sender._peer._context)
        sender._pump_again()
