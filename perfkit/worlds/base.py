"""What a scenario runs against, and what its strategies are handed.

A world is a description: cheap to make, started once per measurement, in virtual time or as a real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from perfkit.errors import UnknownNameError
from perfkit.model import HostFacts, Series, WorldInfo

if TYPE_CHECKING:
    from perfkit.sim import Network

BEHAVIOUR = 1
"""Raised when a world or the simulator comes to answer, wait or charge differently: baselines recorded
before are then recorded again, and no change of the application is blamed."""

WHOLE = ""
"""The name under which a world of one part has its address."""

DELIVERED = "delivered_rtt_ns"
"""Among the addresses of a world in real time: the round trip that its link was measured to have."""


def _nothing() -> dict[str, int]:
    return {}


@dataclass
class Running:
    """A world that has been started.

    ``addresses`` are URLs or connection strings by part (``WHOLE`` for a world of one part; ``DELIVERED`` and
    a service's certificate are none): plain text, so that they can be sent to the process of a strategy.
    ``counters()`` are the figures without noise that the world counted itself so far.
    """

    addresses: dict[str, str]
    counters: Callable[[], dict[str, int]] = _nothing


@dataclass(frozen=True)
class Access:
    """What a strategy is handed as ``world``: where the service is, and the size and seed of its data.

    The ``url`` of an HTTP service ends in a slash. ``clock`` is "virtual" or "wall". ``facts`` holds what
    else the world tells its strategies, such as the rate limit that a well-behaved client keeps to. A world
    of several parts has them as items. What the strategy measures itself it puts into ``figures`` (finite
    numbers, the unit in the name, as ``card_p50_ns``) and ``series``; both are shown beside the times:

    >>> both = Access("", 1, 1, parts={"jobs": Access("http://jobs.test/", 1, 1)})
    >>> both["jobs"].url
    'http://jobs.test/'
    """

    url: str
    size: int
    seed: int
    clock: str = "virtual"
    facts: dict[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        """The part of that name, as that part's world hands it out; UnknownNameError if there is none."""
        if name not in self.parts:
            raise UnknownNameError("part of this world", name, self.parts)
        return self.parts[name]


class World(Protocol):
    """Services that can be started at a size and a seed."""

    def info(self, name: str) -> WorldInfo:
        """How reports show this world."""

    def start(self, size: int, seed: int, network: Network | None) -> AbstractAsyncContextManager[Running]:
        """Start it inside the running loop, for as long as the context lasts.

        With a ``network`` that is a simulation: the servers listen on simulated hosts, whose links are put
        into the network. Without one they are real servers on loopback, each on a free port, and hold their
        answers back by the round trip. A modelled server, as ``Sqlite`` has it, needs neither.
        """

    def access(self, addresses: Mapping[str, str], size: int, seed: int, clock: str) -> Access:
        """What strategies are handed; called in their process, which may be another than the world's."""

    def host_facts(self, addresses: Mapping[str, str]) -> list[HostFacts]:
        """What rules may know about its hosts, as they are named in spans (with a port other than 80)."""
