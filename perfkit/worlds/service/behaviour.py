"""How a service or a route behaves: what its requests cost, which are refused and which go wrong."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from perfkit.errors import UnknownNameError, UsageError
from perfkit.sim.distributions import Constant, Distribution, draw_ns, share_of

Share = float | Collection[int]
"""Which requests: a share from 0 to 1, drawn for each, or the numbers of the requests themselves."""

ERROR, RESET, HANG = "error", "reset", "hang"
"""Answered with 500 instead of being served; cut off in the middle of the answer; never answered."""

_FAULTS = {"errors": ERROR, "resets": RESET, "hangs": HANG}
_COSTS = ("service_ms", "service")
_INHERITED = (*_COSTS, "per_row_ms", "refuse_with", *_FAULTS)
_REFUSALS = (429, 503)


class Options(TypedDict, total=False):
    """What can be said of a whole service and of a single route.

    ``service_ms`` is the time in milliseconds that a worker needs for a request; ``service`` a Distribution
    to draw it from instead. ``per_row_ms`` comes on top for each row of the answer (``Response.rows``).
    ``workers`` serve that many requests at once, the rest wait in a queue (None: no limit).
    ``per_second`` requests are let through in the long run and ``burst`` at once; ``max_in_flight`` is how
    many may be served or waiting. What is above is answered with ``refuse_with``, 429 or 503, and
    Retry-After, at once. ``errors``, ``resets`` and ``hangs`` are faults: shares of all requests, or the
    numbers of those that have them.

    A route has the costs and faults of its service unless it says otherwise. Its limits come on top of the
    service's; its workers are its own.
    """

    service_ms: float
    service: Distribution
    per_row_ms: float
    workers: int | None
    per_second: float
    burst: int
    max_in_flight: int
    refuse_with: int
    errors: Share
    resets: Share
    hangs: Share


NOTHING = Constant(0)


@dataclass(frozen=True)
class Behaviour:
    """Checked options. Draws depend on seed, host and number only: all strategies meet the same."""

    service: Distribution = NOTHING
    per_row_ns: int = 0
    workers: int | None = None
    per_second: float | None = None
    burst: int = 1
    max_in_flight: int | None = None
    refuse_with: int = 429
    faults: tuple[tuple[str, float | frozenset[int]], ...] = ()

    def service_ns(self, seed: int, name: str, number: int, rows: int) -> int:
        """How long a worker needs for request ``number`` to the route ``name``, with so many rows."""
        service = self.service
        if type(service) is Constant:
            return service.duration_ns + rows * self.per_row_ns
        return draw_ns(service, seed, name, number) + rows * self.per_row_ns

    def fault(self, seed: int, host: str, number: int) -> str:
        """The fault of request ``number``, or an empty text."""
        luck = None
        for kind, share in self.faults:
            if isinstance(share, frozenset):
                if number in share:
                    return kind
                continue
            luck = share_of(seed, f"{host}/faults", number) if luck is None else luck
            if luck < share:
                return kind
            luck -= share
        return ""


def behaviour(options: Mapping[str, Any]) -> Behaviour:
    """Check options; UsageError says which of them is wrong.

    >>> behaviour({"service_ms": 1.5}).service
    Constant(duration_ns=1500000)
    """
    for name in options:
        if name not in Options.__annotations__:
            raise UnknownNameError("option of a service or route", name, Options.__annotations__)
    if "burst" in options and "per_second" not in options:
        raise UsageError("burst= needs per_second=, the rate that fills it up again")
    return Behaviour(
        service=_service(options),
        per_row_ns=_ns("per_row_ms", options.get("per_row_ms", 0)),
        workers=_count("workers", options.get("workers")),
        per_second=_rate(options.get("per_second")),
        burst=_count("burst", options.get("burst")) or 1,
        max_in_flight=_count("max_in_flight", options.get("max_in_flight")),
        refuse_with=_refusal(options.get("refuse_with", 429)),
        faults=_faults(options),
    )


def inherited(service: Mapping[str, Any], route: Mapping[str, Any]) -> dict[str, Any]:
    """A route's options, with those of its service that it does not set and that hold for each request."""
    own_cost = any(name in route for name in _COSTS)
    kept = [name for name in _INHERITED if name in service and not (own_cost and name in _COSTS)]
    return {**{name: service[name] for name in kept}, **route}


def _service(options: Mapping[str, Any]) -> Distribution:
    if all(name in options for name in _COSTS):
        raise UsageError("service_ms= and service= both say how long a request takes; give one")
    given = options.get("service")
    if given is None:
        return Constant(_ns("service_ms", options.get("service_ms", 0)))
    if not hasattr(given, "at_ns") or type(given.at_ns(0.5)) is not int:
        raise UsageError(f"service={given!r} is no distribution; for milliseconds use service_ms=")
    return given  # type: ignore[no-any-return]


def _ns(name: str, ms: Any) -> int:
    if not _is_number(ms) or not 0 <= ms < math.inf:
        raise UsageError(f"{name}={ms!r}: give milliseconds, 0 or more")
    return round(float(ms) * 1e6)


def _count(name: str, count: Any) -> int | None:
    if count is not None and (type(count) is not int or count < 1):
        raise UsageError(f"{name}={count!r}: give a whole number from 1, or None for no limit")
    return count


def _rate(per_second: Any) -> float | None:
    if per_second is not None and (not _is_number(per_second) or not 0 < per_second <= 1e9):
        raise UsageError(f"per_second={per_second!r}: give requests a second, above 0, or None for no limit")
    return None if per_second is None else float(per_second)


def _refusal(status: Any) -> int:
    if status not in _REFUSALS:
        raise UsageError(f"refuse_with={status!r}: give 429 (too many requests) or 503 (not available)")
    return int(status)


def _faults(options: Mapping[str, Any]) -> tuple[tuple[str, float | frozenset[int]], ...]:
    faults = [(kind, _share(name, options[name])) for name, kind in _FAULTS.items() if name in options]
    drawn = math.fsum(share for _, share in faults if isinstance(share, float))
    if drawn > 1:
        raise UsageError(f"the shares of errors, resets and hangs add up to {drawn:g}; 1 is all requests")
    return tuple((kind, share) for kind, share in faults if share)


def _share(name: str, share: Any) -> float | frozenset[int]:
    if _is_number(share) and 0 <= share <= 1:
        return float(share)
    if isinstance(share, Collection) and all(type(number) is int and number > 0 for number in share):
        return frozenset(share)
    raise UsageError(f"{name}={share!r}: give a share from 0 to 1, or numbers of requests, from 1 on")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
