"""Requests are refused (429, 503): keep to the limit that is known, or have fewer under way."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case
from perfkit.model import HostFacts
from perfkit.rules.savings import text

LOOKED_AT = "refused requests (429, 503)"

MIN_REFUSED = 3
"""As PK402 has it: one or two may be chance."""


def check(case: Case) -> Iterator[Advice]:
    """One advice for all that was refused."""
    counts = {status: case.counters.get(f"status_{status}", 0) for status in (429, 503)}
    refused = sum(counts.values())
    if refused < MIN_REFUSED:
        return
    finding = case.of_rule("PK402")
    limit = _limit(case)
    what = f"Keep to the limit: {limit}, with a rate limiter before all requests" if limit else _less(case)
    told = ", ".join(f"{count:,} x {status}" for status, count in counts.items() if count)
    figures = [
        told,
        f"{case.counters.get('request', 0):,} requests",
        f"{case.peak_in_flight} in flight at most",
    ]
    if finding is not None and finding.saving_ns:
        figures.append(f"sending again cost {text(finding.saving_ns)}")
    yield Advice(
        "refused",
        f"{what}.",
        f"The service refused {refused:,} of {case.counters.get('request', 0):,} requests.",
        tuple(figures),
        case.where,
        case.about,
        finding.saving_ns if finding else None,
    )


def _less(case: Case) -> str:
    if case.peak_in_flight <= 1:
        return "Put a rate limiter before the requests"
    return f"Have fewer than {case.peak_in_flight} requests under way, or put a rate limiter before them"


def _limit(case: Case) -> str:
    """The documented limit of a host that has one."""
    hosts: list[HostFacts] = case.trace.hosts if case.trace else []
    for facts in hosts:
        if facts.burst is not None or facts.per_second is not None:
            burst = f"{facts.burst} requests at once" if facts.burst is not None else ""
            rate = f"{facts.per_second:g}/s" if facts.per_second is not None else ""
            return ", then ".join(filter(None, (burst, rate)))
    return ""
