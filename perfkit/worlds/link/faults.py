"""What goes wrong on a link, and for which of its connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from perfkit.errors import UnknownNameError, UsageError
from perfkit.sim.distributions import share_of

Kind = Literal["refuse", "reset", "blackhole", "slow_close"]

DEFAULT_CLOSE_NS = 1_000_000_000


@dataclass(frozen=True)
class Fault:
    """Something that happens to connections of a link.

    - ``refuse``: it is reset before a byte has passed. A proxy has accepted it by then, so that clients see
      a reset connection and not a refused one.
    - ``reset``: both ends see a reset once more than ``after_bytes`` (both ways together) have arrived.
    - ``blackhole``: nothing passes from then on, and nobody is told.
    - ``slow_close``: the end that is told of the other's close is told ``close_ns`` late.

    It happens to a ``share`` of the connections, chosen by the link's seed and the connection's number (from
    0), and to none before connection ``after_connections``.

    >>> Fault("reset", share=0.5).hits(seed=1, connection=0), Fault("reset").hits(seed=1, connection=0)
    (False, True)
    """

    kind: Kind
    share: float = 1.0
    after_bytes: int = 0
    after_connections: int = 0
    close_ns: int = DEFAULT_CLOSE_NS

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UnknownNameError("fault", self.kind, get_args(Kind))
        if not 0 <= self.share <= 1:
            raise UsageError(f"share={self.share!r}: give a part of the connections, from 0 to 1")
        for name in ("after_bytes", "after_connections", "close_ns"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise UsageError(f"{name}={value!r}: give a whole number, 0 or more")

    def hits(self, seed: int, connection: int) -> bool:
        """Whether it happens to this connection."""
        if connection < self.after_connections:
            return False
        return self.share >= 1 or share_of(seed, f"link/{self.kind}", connection) < self.share
