"""What can be set about the mock portal, and the address of its webhook."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24 import costs
from perfkit.worlds.bitrix24.auth import SCOPES, AccessToken
from perfkit.worlds.bitrix24.faults import Fault

WEBHOOK_USER = 1
"""The user on whose behalf the webhook calls: the administrator."""

WEBHOOK_TOKEN = "perfkitdemotoken"  # noqa: S105 - made up, opens nothing
"""Secret part of the webhook's URL."""

WEBHOOK_PATH = f"/rest/{WEBHOOK_USER}/{WEBHOOK_TOKEN}/"
"""What follows host and port in the webhook's URL."""

ACCESS_TOKEN = "perfkitdemoaccess"  # noqa: S105 - made up, opens nothing
"""Access token of the demonstration's application, which acts for the webhook's user."""

PAGE_ROWS = 50
"""Rows a list method returns at most, and commands a batch may hold: both fixed by the portal."""

TARIFFS: dict[str, dict[str, Any]] = {
    "standard": {"burst": 50, "per_second": 2.0, "operating": "nested", "request_cap_s": 60.0},
    "enterprise": {"burst": 250, "per_second": 5.0, "operating": "nested", "request_cap_s": 60.0},
    "own": {"burst": None, "operating": "off", "request_cap_s": None},
}
"""Settings of ``PortalConfig`` by tariff, as the documentation on limits has them; "own" is an own server."""

Slowdown = tuple[float, float, float]
"""From and until when, in seconds after the portal's start, and how many times as long a command takes."""


@dataclass(frozen=True)
class PortalConfig:
    """Size, limits and costs of a portal. Costs are modelled service times; see ``costs`` for their sources.

    ``leads`` is the number of leads that match the report of the leads scenario; half as many again do
    not. ``past_end`` is what a list method answers to a ``start`` behind the last row: "wrap" falls back to
    page 1, "empty" gives no rows. ``rtt_ns`` is latency the real-server front adds to a request (and once
    more to the first of a connection); a simulated link has its own. ``journal`` is how many rows the journal
    keeps (None: all). ``whole_seconds``: ``start`` and ``processing`` of an answer's ``time`` are ints, as
    recent portals have them.

    Limits: ``burst`` and ``per_second`` are the leaky bucket; a burst of None lets everything through.
    ``blocked_calls_count``: whether a refused request still fills the bucket, which the documentation leaves
    open. ``operating`` says whom the time of a batch is billed to: to its commands ("nested", as documented),
    to "batch" itself (as newer portals were seen to do), or nobody ("off", an own server's default).
    ``operating_limit_s`` is the sum above which a method is blocked: 480 is the documentation's example.
    ``request_cap_s`` ends a request that takes longer. ``TARIFFS`` has all of these by tariff. ``workers``
    serve requests at once (None: unlimited).

    Costs: ``costs`` is "assumed" (``command_ns`` for every method) or "documented" (the documentation's
    samples, where there are some); ``method_ns`` overrides either, by lower-case name. ``sigma`` spreads a
    command's cost: the standard deviation of its logarithm, 0 for none. During a slowdown commands cost more;
    its seconds count from ``epoch_s`` (Unix time on the portal's clock; None: when the portal was made).

    Auth: ``webhooks`` are permissions by "user/token", ``access_tokens`` what applications show. A wrong
    webhook is refused with ``bad_token_status``: 401 is seen, the documentation says 403.
    ``telephony_webhooks``: whether webhooks may register and finish calls, which the documentation denies.
    ``rest_available``: False refuses everybody, as a portal without a commercial plan does; ``denied_users``
    may not use any application; with ``https_required`` plain HTTP is refused.

    Development: ``faults`` are rules of what goes wrong (see ``faults``). ``strict`` tells what a real portal
    keeps to itself, dropped filter keys above all: "tell" in a header and the journal, "error" answers such
    calls with 400. ``journal_params``: the journal keeps parameters, for a trace (see ``traces``).

    >>> PortalConfig(leads=200, **TARIFFS["enterprise"]).burst
    250
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
    operating: Literal["off", "nested", "batch"] = "nested"
    operating_limit_s: float = 480.0
    request_cap_s: float | None = 60.0
    costs: Literal["assumed", "documented"] = "assumed"
    method_ns: Mapping[str, int] = field(default_factory=dict)
    sigma: float = 0.0
    slowdowns: tuple[Slowdown, ...] = ()
    epoch_s: float | None = None
    webhooks: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {f"{WEBHOOK_USER}/{WEBHOOK_TOKEN}": SCOPES}
    )
    access_tokens: Mapping[str, AccessToken] = field(
        default_factory=lambda: {ACCESS_TOKEN: AccessToken(WEBHOOK_USER)}
    )
    bad_token_status: Literal[401, 403] = 401
    telephony_webhooks: bool = False
    rest_available: bool = True
    denied_users: frozenset[int] = frozenset()
    https_required: bool = False
    whole_seconds: bool = False
    journal: int | None = None
    journal_params: bool = False
    faults: tuple[Fault, ...] = ()
    strict: Literal["off", "tell", "error"] = "off"

    def __post_init__(self) -> None:
        for name in (
            "leads",
            "base_ns",
            "command_ns",
            "row_ns",
            "count_row_ns",
            "refused_ns",
            "rtt_ns",
            "sigma",
        ):
            if not 0 <= getattr(self, name) < math.inf:
                raise WorldError(f"the portal's {name} must be 0 or more, not {getattr(self, name)}")
        if self.burst is not None and (self.burst < 1 or self.per_second <= 0):
            raise WorldError(
                f"the portal's limit of {self.burst} requests, {self.per_second} a second, lets nothing "
                "through; set both above 0, or burst=None for no limit"
            )
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                either = " or ".join(repr(choice) for choice in allowed)
                raise WorldError(f"{name} must be {either}, not {getattr(self, name)!r}")
        for name in ("operating_limit_s", "request_cap_s"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise WorldError(f"the portal's {name} must be above 0, not {getattr(self, name)}")
        _check_costs(self)


CHOICES: dict[str, tuple[Any, ...]] = {
    "past_end": ("wrap", "empty"),
    "operating": ("off", "nested", "batch"),
    "costs": ("assumed", "documented"),
    "bad_token_status": (401, 403),
    "strict": ("off", "tell", "error"),
}


def _check_costs(config: PortalConfig) -> None:
    for method, cost_ns in config.method_ns.items():
        if method != method.lower() or cost_ns < 0:
            raise WorldError(
                f"method_ns[{method!r}] = {cost_ns}: give lower-case names and nanoseconds of 0 or more"
            )
    for from_s, until_s, factor in config.slowdowns:
        if not (from_s < until_s and factor > 0):
            raise WorldError(
                f"a slowdown from {from_s} s to {until_s} s by {factor}: it must end after it begins, and "
                "its factor must be above 0"
            )
    if config.journal is not None and config.journal < 0:
        raise WorldError(f"the journal keeps 0 rows or more, not {config.journal}; None keeps all")
