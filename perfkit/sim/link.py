"""Links and the network they make: plain settings, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.errors import UsageError


@dataclass(frozen=True)
class Link:
    """The way to one host and back: half of ``rtt_ns`` each way; bandwidth is per connection and direction.

    Connecting costs one round trip, sending nothing else. ``bandwidth_bytes_per_s=None`` is unlimited.

    >>> Link(rtt_ns=200_000_000, bandwidth_bytes_per_s=12_500_000)
    Link(rtt_ns=200000000, bandwidth_bytes_per_s=12500000)
    """

    rtt_ns: int = 0
    bandwidth_bytes_per_s: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.rtt_ns, int) or self.rtt_ns < 0:
            raise UsageError(f"rtt_ns={self.rtt_ns!r}: give a whole number of nanoseconds, 0 or more")
        if self.bandwidth_bytes_per_s is not None and not self.bandwidth_bytes_per_s > 0:
            raise UsageError(
                f"bandwidth_bytes_per_s={self.bandwidth_bytes_per_s!r}: "
                "give a rate above 0, or None for no limit"
            )


LOOPBACK = "127.0.0.1"


def canonical(host: str) -> str:
    """The one spelling of a host name: lower case, no trailing dot, ``localhost`` as its address."""
    name = host.lower().rstrip(".")
    return LOOPBACK if name == "localhost" else name


class Network:
    """Which link leads to which host; hosts without one of their own are behind ``default``.

    >>> network = Network(default=Link(rtt_ns=1_000_000))
    >>> network.connect_host("portal.example", Link(rtt_ns=200_000_000))
    >>> network.link_to("PORTAL.example").rtt_ns, network.link_to("other").rtt_ns
    (200000000, 1000000)
    """

    def __init__(self, default: Link = Link()) -> None:
        self.default = default
        self._links: dict[str, Link] = {}

    def connect_host(self, host: str, link: Link) -> None:
        """Use ``link`` for connections to ``host`` from now on; open connections keep theirs."""
        self._links[canonical(host)] = link

    def link_to(self, host: str) -> Link:
        """The link that a connection to ``host`` uses."""
        return self._links.get(canonical(host), self.default)

    @property
    def hosts(self) -> list[str]:
        """The hosts with a link of their own, in order of registration."""
        return list(self._links)
