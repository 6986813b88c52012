"""What can be set about the mock portal, and the address of its webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24 import costs

WEBHOOK_USER = 1
"""The user on whose behalf the webhook calls: the administrator."""

WEBHOOK_TOKEN = "perfkitdemotoken"  # noqa: S105 - made up, opens nothing
"""Secret part of the webhook's URL."""

WEBHOOK_PATH = f"/rest/{WEBHOOK_USER}/{WEBHOOK_TOKEN}/"
"""What follows host and port in the webhook's URL."""

PAGE_ROWS = 50
"""Rows a list method returns at most, and commands a batch may hold: both fixed by the portal."""


@dataclass(frozen=True)
class PortalConfig:
    """Size, limits and costs of a portal. Costs are modelled service times; see ``costs`` for their sources.

    ``leads`` is the number of leads that match the report of the leads scenario; half as many again do not.
    ``burst`` and ``per_second`` are the leaky bucket; a burst of None is an own server without limits.
    ``workers`` serve requests at once (None: unlimited). ``blocked_calls_count``: whether a refused request
    still fills the bucket, which the documentation leaves open. ``past_end`` is what a list method answers to
    a ``start`` behind the last row: "wrap" falls back to page 1, "empty" gives no rows. ``rtt_ns`` is latency
    the real-server front adds to a request (and once more to the first of a connection); a simulated link has
    its own.

    >>> PortalConfig(leads=200).burst
    50
    """

    leads: int
    seed: int = 1
    burst: int | None = 50
    per_second: float = 2.0
    workers: int | None = 32
    base_ns: int = costs.BASE_NS
    command_ns: int = costs.COMMAND_NS
    row_ns: int = costs.ROW_NS
    count_row_ns: int = costs.COUNT_ROW_NS
    refused_ns: int = costs.REFUSED_NS
    blocked_calls_count: bool = False
    past_end: Literal["wrap", "empty"] = "wrap"
    rtt_ns: int = 0

    def __post_init__(self) -> None:
        for name in ("leads", "base_ns", "command_ns", "row_ns", "count_row_ns", "refused_ns", "rtt_ns"):
            if getattr(self, name) < 0:
                raise WorldError(f"the portal's {name} must be 0 or more, not {getattr(self, name)}")
        if self.burst is not None and (self.burst < 1 or self.per_second <= 0):
            raise WorldError(
                f"the portal's limit of {self.burst} requests, {self.per_second} a second, lets nothing "
                "through; set both above 0, or burst=None for no limit"
            )
        if self.past_end not in ("wrap", "empty"):
            raise WorldError(f"past_end must be 'wrap' or 'empty', not {self.past_end!r}")
