"""A connection per call, or calls that wait for one: share a session, or make the pool as large as needed."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case
from perfkit.model import busy_ns
from perfkit.rules.savings import text

LOOKED_AT = "connections opened again and again, and waiting for one"

MIN_CONNECTS = 3
EVERY = 2
"""From one connection for so many operations on there is churn."""

WAITED_SHARE = 0.1
"""Of the whole time, spent waiting for a connection."""

POOLS = ("getconn", "Pool.acquire", "connection pool", "get_connection")
"""What spans of waiting for a pool's connection are called."""


def check(case: Case) -> Iterator[Advice]:
    """Churn first, then a pool that is too small."""
    yield from _churn(case)
    yield from _waiting(case)


def _churn(case: Case) -> Iterator[Advice]:
    connects, finding = case.counters.get("connect", 0), case.of_rule("PK401")
    needed = max(1, case.peak_in_flight)
    often = connects >= MIN_CONNECTS and connects * EVERY > case.operations and connects > EVERY * needed
    if not often and finding is None:
        return
    worth = finding.saving_ns if finding else None
    if worth is None and case.world is not None and case.world.rtt_ns:
        worth = (connects - needed) * case.world.rtt_ns
    pool = f", or a pool of {needed} connections," if needed > 1 else ""
    at = f" (opened at {finding.site})" if finding and finding.site else ""
    yield Advice(
        "connections",
        f"Share one session{pool} between all calls{at}.",
        f"{connects:,} connections were opened for {case.operations:,} operations; at most {needed} were "
        "under way at once.",
        (f"{connects:,} connections", f"{case.operations:,} operations", f"{needed} in flight at most"),
        case.where,
        case.about,
        worth,
    )


def _waiting(case: Case) -> Iterator[Advice]:
    waits = [span for span in case.spans("wait") if any(name in span.name for name in POOLS)]
    waited_ns = busy_ns(waits)
    if not case.elapsed_ns or waited_ns < WAITED_SHARE * case.elapsed_ns:
        return
    yield Advice(
        "pool",
        f"Make the pool larger than the {case.peak_in_flight} connections that were in use at once, "
        "or hold each one for a shorter time.",
        f"For {text(waited_ns)} of {text(case.elapsed_ns)} something waited for a free connection.",
        (f"{len(waits):,} waits", f"{case.peak_in_flight} in flight at most"),
        case.where,
        case.about,
        waited_ns,
    )
