"""What a scenario runs against, and what its strategies are handed.

A world is a description: cheap to make, started once per measurement, in virtual time or as a real server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from perfkit.model import HostFacts, WorldInfo

if TYPE_CHECKING:
    from aiohttp import web


@dataclass(frozen=True)
class Access:
    """What a strategy is handed as ``world``: where the service is, and the size and seed of its data.

    ``url`` ends in a slash. ``clock`` is "virtual" or "wall". ``facts`` holds what else the world tells its
    strategies, such as the rate limit that a well-behaved client keeps to.
    """

    url: str
    size: int
    seed: int
    clock: str = "virtual"
    facts: dict[str, Any] = field(default_factory=dict)


class World(Protocol):
    """A service that can be started at a size and a seed.

    ``host`` is its name on the simulated network, ``rtt_ns`` the round trip to it, ``path`` what follows
    host and port in the URL that strategies get.
    """

    host: str
    rtt_ns: int
    path: str

    def info(self, name: str) -> WorldInfo:
        """How reports show this world."""

    def host_facts(self, host: str) -> HostFacts:
        """What rules may know about it, reached as ``host`` (with its port)."""

    def access_facts(self) -> dict[str, Any]:
        """What strategies may know about it (``Access.facts``)."""

    def app(self, size: int, seed: int, *, latency: bool) -> web.Application:
        """A new application holding the data of ``size`` and ``seed``.

        With ``latency`` it delays its answers by the round trip: a real server has no modelled link.
        """

    def counters(self, app: web.Application) -> dict[str, int]:
        """Figures without noise that the world counted itself, after a measurement."""
