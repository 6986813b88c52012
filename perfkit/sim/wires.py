"""Wires: one direction of a connection each, and when what is put in comes out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.sim.distributions import draw_ns, share_of

if TYPE_CHECKING:
    from perfkit.sim.link import Link
    from perfkit.sim.outages import Outage

SEGMENT_BYTES = 1_460
"""The payload of a TCP segment on Ethernet: 1500 - 20 (IPv4) - 20 (TCP)."""

FAST_RETRANSMIT_SEGMENTS = 4
"""Three duplicate acknowledgements tell the sender of a loss (RFC 5681, 3.2): the lost one and three more."""

LEAST_RTO_NS = 200_000_000
"""What the retransmission timer adds to the round trip at least: Linux' TCP_RTO_MIN."""

FIRST_RTO_NS = 1_000_000_000
"""The timer before any round trip was measured, so for a lost SYN (RFC 6298, 2.1)."""


class Wire:
    """One direction of a connection: delay, rate, and when its last byte will have left.

    While one of its ends is cut off it has an ``outage``.
    """

    __slots__ = ("_bandwidth", "_free_ns", "latency_ns", "outage")

    def __init__(self, latency_ns: int, bandwidth: float | None = None) -> None:
        self.latency_ns = latency_ns
        self._bandwidth = bandwidth
        self._free_ns = 0
        self.outage: Outage | None = None

    def put(self, now_ns: int, size: int) -> int:
        """Send ``size`` bytes behind what is under way; the moment at which the last of them arrives."""
        free_ns = max(now_ns, self._free_ns)
        if self._bandwidth is not None:
            free_ns += round(size * 1e9 / self._bandwidth)
        self._free_ns = free_ns
        return free_ns + self.latency_ns

    def put_first(self, now_ns: int) -> int:
        """Send the segment that opens a connection, or its answer; the moment at which it arrives."""
        return self.put(now_ns, 0)

    def waiting_bytes(self, now_ns: int) -> int:
        """Bytes in the kernel that have not left yet."""
        if self.outage is not None:
            return self.outage.unsent_bytes
        if self._bandwidth is None or self._free_ns <= now_ns:
            return 0
        return math.ceil((self._free_ns - now_ns) * self._bandwidth / 1e9)

    def drained_ns(self, to_bytes: int) -> int:
        """When no more than ``to_bytes`` will be waiting."""
        rate = self._bandwidth or math.inf
        return math.ceil(self._free_ns - to_bytes * 1e9 / rate)


class UnsteadyWire(Wire):
    """A wire with jitter and loss. A message is what one call sends, of 64 KiB at most.

    A message with a lost segment comes later by one round trip if enough others follow in it to tell (four
    segments or more: fast retransmit), otherwise by the timer, a round trip + 200 ms; segments that open a
    connection have a timer of one second. What is lost again waits twice as long. Messages keep their order,
    so those behind wait with it. The congestion window is not modelled: the rate stays that of the link.
    """

    __slots__ = ("_last_ns", "_link", "_name", "_number", "_seed")

    def __init__(self, latency_ns: int, link: Link, seed: int, name: str) -> None:
        super().__init__(latency_ns, link.bandwidth_bytes_per_s)
        self._link, self._seed, self._name = link, seed, name
        self._number = self._last_ns = 0

    def put(self, now_ns: int, size: int) -> int:
        """As for any wire, and later by this message's luck."""
        segments = max(1, -(-size // SEGMENT_BYTES))
        timer_ns = 0 if segments >= FAST_RETRANSMIT_SEGMENTS else LEAST_RTO_NS
        return self._late(super().put(now_ns, size), segments, self._link.rtt_ns + timer_ns)

    def put_first(self, now_ns: int) -> int:
        """As for any wire, but a loss costs a second, because the round trip is not known yet."""
        return self._late(super().put(now_ns, 0), 1, FIRST_RTO_NS)

    def _late(self, arrival_ns: int, segments: int, timer_ns: int) -> int:
        link, number = self._link, self._number
        self._number += 1
        if link.jitter is not None:
            arrival_ns += draw_ns(link.jitter, self._seed, self._name, number)
        if link.loss:
            share = share_of(self._seed, f"{self._name} loss", number)
            arrival_ns += _resending_ns(link.loss, segments, share, timer_ns)
        self._last_ns = max(self._last_ns, arrival_ns)
        return self._last_ns


def _resending_ns(loss: float, segments: int, share: float, timer_ns: int) -> int:
    """The delay of a message: none, unless ``share`` is among the unlucky ones; then once or more."""
    waited_ns, unlucky = 0, 1 - (1 - loss) ** segments
    while share < unlucky:
        waited_ns += timer_ns
        timer_ns *= 2
        share, unlucky = share / unlucky, loss
    return waited_ns


def wires(link: Link, seed: int, name: str) -> tuple[Wire, Wire]:
    """There and back; ``name`` says which connection this is, for the draws."""
    there_ns = link.rtt_ns // 2
    back_ns = link.rtt_ns - there_ns
    if link.jitter is None and not link.loss:
        return Wire(there_ns, link.bandwidth_bytes_per_s), Wire(back_ns, link.bandwidth_bytes_per_s)
    return UnsteadyWire(there_ns, link, seed, f"{name} >"), UnsteadyWire(back_ns, link, seed, f"{name} <")
