"""The way to a service as a real server adds it itself: loopback has none worth the name."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.sim.distributions import draw_ns
from perfkit.sim.link import Link


@dataclass(frozen=True)
class Distance:
    """A link in wall time. A request is held back for its whole round trip before it is served.

    A server cannot hold back the handshakes of its own kernel, so the first request of a connection pays for
    them: one more round trip, and those of TLS. Jitter and bandwidth are the link's; loss there is none.

    >>> near = Distance(Link(rtt_ns=20_000_000))
    >>> near.there_ns(0, 1, 7, "api.test", fresh=True), near.there_ns(0, 2, 7, "api.test", fresh=False)
    (40000000, 20000000)
    """

    link: Link
    tls: bool = False

    def there_ns(self, size_bytes: int, number: int, seed: int, host: str, *, fresh: bool) -> int:
        """How long the service waits before it sees a request of that size, the ``number``-th to arrive."""
        link = self.link
        handshakes = 1 + (link.tls_rtts if self.tls else 0)
        trips = 1 + handshakes if fresh else 1
        jitter_ns = 0
        if link.jitter is not None:
            jitter_ns = sum(draw_ns(link.jitter, seed, f"{host}/{way}", number) for way in ("there", "back"))
        return trips * link.rtt_ns + jitter_ns + self.transfer_ns(size_bytes)

    def transfer_ns(self, size_bytes: int) -> int:
        """How long so many bytes need for the link's bandwidth."""
        rate = self.link.bandwidth_bytes_per_s
        return round(size_bytes * 1e9 / rate) if rate else 0
