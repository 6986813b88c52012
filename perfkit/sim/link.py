"""Links and the network they make: settings, and what goes wrong or slow at which host. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.sim.distributions import Distribution

MOST_TLS_RTTS = 9


@dataclass(frozen=True)
class Link:
    """The way to one host and back: half of ``rtt_ns`` each way; bandwidth is per connection and direction.

    Connecting costs one round trip, sending nothing else. ``bandwidth_bytes_per_s=None`` is unlimited.

    ``jitter`` is drawn for each message and added to its way; messages of a connection never overtake each
    other. ``loss`` is the share of segments that get lost: nothing is missing in the end, but it comes later
    (``wires.UnsteadyWire`` says by how much). ``tls_rtts`` is how many round trips the handshake of a
    simulated TLS connection takes: 1 as in TLS 1.3 (RFC 8446), 2 as in TLS 1.2, 0 for a resumed session
    that sends data at once.

    >>> Link(rtt_ns=200_000_000, bandwidth_bytes_per_s=12_500_000).tls_rtts
    1
    """

    rtt_ns: int = 0
    bandwidth_bytes_per_s: float | None = None
    jitter: Distribution | None = None
    loss: float = 0.0
    tls_rtts: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.rtt_ns, int) or self.rtt_ns < 0:
            raise UsageError(f"rtt_ns={self.rtt_ns!r}: give a whole number of nanoseconds, 0 or more")
        if self.bandwidth_bytes_per_s is not None and not self.bandwidth_bytes_per_s > 0:
            raise UsageError(
                f"bandwidth_bytes_per_s={self.bandwidth_bytes_per_s!r}: "
                "give a rate above 0, or None for no limit"
            )
        if self.jitter is not None and not hasattr(self.jitter, "at_ns"):
            raise UsageError(f"jitter={self.jitter!r}: give a distribution, such as Exponential(2_000_000)")
        if not 0 <= self.loss < 1:
            raise UsageError(
                f"loss={self.loss!r}: give the share of segments that get lost, from 0 to under 1"
            )
        if not isinstance(self.tls_rtts, int) or not 0 <= self.tls_rtts <= MOST_TLS_RTTS:
            raise UsageError(f"tls_rtts={self.tls_rtts!r}: give a whole number from 0 to {MOST_TLS_RTTS}")


LOOPBACK = "127.0.0.1"


def canonical(host: str) -> str:
    """The one spelling of a host name: lower case, no trailing dot, ``localhost`` as its address."""
    name = host.lower().rstrip(".")
    return LOOPBACK if name == "localhost" else name


class Traffic(Protocol):
    """What a network tells the simulation that runs on it."""

    def recheck(self) -> None:
        """Hosts were cut off, or can be reached again."""

    def reset(self, host: str) -> None:
        """End the open connections of a host."""

    def set_cpu(self, host: str, per_callback_ns: int) -> None:
        """Let the callbacks of a host take time from now on."""


class Network:
    """Which link leads to which host; hosts without one of their own are behind ``default``.

    ``seed`` settles all draws of jitter and loss: they depend on nothing but it, the host, the number of the
    connection to it, the direction and the number of the message, so two strategies meet the same luck.

    Faults may be set before a simulation and at any moment of it, by host name; "" is the client's side.

    >>> network = Network(default=Link(rtt_ns=1_000_000))
    >>> network.connect_host("portal.example", Link(rtt_ns=200_000_000))
    >>> network.link_to("PORTAL.example").rtt_ns, network.link_to("other").rtt_ns
    (200000000, 1000000)
    """

    def __init__(self, default: Link = Link(), *, seed: int = 0) -> None:
        self.default = default
        self.seed = seed
        self._links: dict[str, Link] = {}
        self._refusing: dict[str, None] = {}
        self._partitioned: dict[str, None] = {}
        self._cpu_ns: dict[str, int] = {}
        self._traffic: Traffic | None = None

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

    # Faults

    def refuse(self, host: str) -> None:
        """Refuse new connections to ``host``, as if nothing listened there; open ones go on."""
        self._refusing[canonical(host)] = None

    def reset(self, host: str) -> None:
        """End the connections of ``host`` that are open now, as when its process is killed.

        Both ends get ``ConnectionResetError``: its own at once, the others when the news has come.
        """
        if self._traffic is not None:
            self._traffic.reset(canonical(host))

    def partition(self, host: str) -> None:
        """Cut ``host`` off from all others until ``heal``.

        Connecting hangs, and what is sent or under way does not arrive. All of it goes out again when healed;
        a real kernel would wait for the next of its ever rarer attempts. As with one (Linux' defaults),
        connecting fails with ``TimeoutError`` after 127 s, a connection with unanswered data after 924.6 s.
        """
        self._partitioned[canonical(host)] = None
        self._tell()

    def heal(self, host: str) -> None:
        """End ``refuse`` and ``partition`` for ``host``."""
        self._refusing.pop(canonical(host), None)
        self._partitioned.pop(canonical(host), None)
        self._tell()

    def is_refusing(self, host: str) -> bool:
        """Whether new connections to ``host`` are refused."""
        return canonical(host) in self._refusing

    def is_cut(self, one: str, other: str) -> bool:
        """Whether these two cannot reach each other now; a host always reaches itself."""
        return one != other and (one in self._partitioned or other in self._partitioned)

    # Computing

    def set_cpu(self, host: str, per_callback_ns: int) -> None:
        """Let each callback of ``host`` keep its one processor busy that long; others of it wait meanwhile.

        A callback is one turn of a task, one message received, one timer: what the event loop calls. How many
        there are per request is up to the libraries used, and may differ between their and Python's versions.
        What a callback does happens when its time is over. 0, the default, makes computing free.

        >>> Network().set_cpu("api.example", 150_000)
        """
        if not isinstance(per_callback_ns, int) or per_callback_ns < 0:
            raise UsageError(
                f"per_callback_ns={per_callback_ns!r}: give a whole number of nanoseconds, 0 or more"
            )
        self._cpu_ns[canonical(host)] = per_callback_ns
        if self._traffic is not None:
            self._traffic.set_cpu(canonical(host), per_callback_ns)

    # The simulation

    def attach(self, traffic: Traffic | None) -> None:
        """Called by the simulation that begins (or, with None, ends) on this network."""
        self._traffic = traffic
        if traffic is not None:
            for host, per_callback_ns in self._cpu_ns.items():
                traffic.set_cpu(host, per_callback_ns)

    def _tell(self) -> None:
        if self._traffic is not None:
            self._traffic.recheck()
