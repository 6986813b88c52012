"""PK402: a host that answers "later" (429, 503) again and again, because it is asked too often.

What it costs are the refused attempts and the time until each was sent again. Three refusals of one host are
a finding; 503 from a host that answers nothing else is an outage and none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from perfkit.model import Finding, Frame, HostFacts, Span, busy_ns
from perfkit.rules.loops import is_refused
from perfkit.rules.savings import Saving, text
from perfkit.rules.view import View, by_cost

CODE = "PK402"
NAME = "throttled"

TOO_MANY = 429
"""Says that it is the caller's rate; 503 may have other reasons (RFC 6585, section 4; RFC 9110, 15.6.4)."""


def check(view: View) -> list[Finding]:
    """One finding per scope and host, the costliest first."""
    hosts: dict[Hashable, list[Span]] = {}
    if any(is_refused(span) for span in view.requests):
        for span in view.requests:
            hosts.setdefault((view.places.scope(span), span.attrs.get("host")), []).append(span)
    return by_cost([_finding(view, spans) for spans in hosts.values() if _is_throttled(view, spans)])


def _is_throttled(view: View, spans: list[Span]) -> bool:
    refused = [span for span in spans if is_refused(span)]
    if len(refused) < view.limits.min_refused:
        return False
    is_up = any(span.attrs.get("status", 0) and not is_refused(span) for span in spans)
    return is_up or any(span.attrs["status"] == TOO_MANY for span in refused)


def _finding(view: View, spans: list[Span]) -> Finding:
    refused = [span for span in spans if is_refused(span)]
    sites = _sites(view, refused)
    site, attempts = max(sites.items(), key=lambda item: len(item[1]))
    first = attempts[0]
    cost_ns, again = _cost(view, spans)
    facts = view.facts(str(first.attrs.get("host", "")))
    saving = _saving(spans, len(spans) - len(refused), cost_ns, facts)
    return Finding(
        rule=CODE,
        name=NAME,
        template=f"{first.attrs['status']} {first.name}",
        count=len(refused),
        spent_ns=cost_ns,
        site=site,
        path=first.path,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(refused, len(spans), again, len(sites)),
        fix=_fix(first, facts),
        span_ids=[span.id for span in refused],
        place=view.place(first),
    )


def _sites(view: View, refused: list[Span]) -> dict[Frame | None, list[Span]]:
    """The attempts of each line that a person would edit."""
    known: dict[int, Frame | None] = {}
    sites: dict[Frame | None, list[Span]] = {}
    for span in refused:
        if id(span.path) not in known:  # paths are shared between spans
            known[id(span.path)] = view.site(span)
        sites.setdefault(known[id(span.path)], []).append(span)
    return sites


def _cost(view: View, spans: list[Span]) -> tuple[int, int]:
    """Nanoseconds in which a refused attempt was under way or waited for, and how many were sent again."""
    following: dict[Hashable, Span] = {}
    waits, again = list[Span](), 0
    for span in reversed(spans):
        key = _key(view, span)
        if is_refused(span):
            later = following.get(key)
            if later is not None and later.start_ns < span.end_ns:
                later = None  # another one with the same values, sent at the same time
            again += later is not None
            end_ns = later.start_ns if later is not None else span.end_ns
            waits.append(Span(0, None, "wait", "", span.start_ns, end_ns))
        following[key] = span
    return busy_ns(waits), again


def _key(view: View, span: Span) -> Hashable:
    """Tells the attempts of one call from other calls."""
    params: Any = span.attrs.get("params") or {}
    return (span.name, span.attrs.get("body"), tuple(sorted(params.items())), span.task, view.places.of(span))


def _saving(spans: list[Span], answered: int, cost_ns: int, facts: HostFacts) -> Saving:
    if not facts.per_second:
        return Saving(None, "unknown: what the host allows is not known, so not how much waiting must remain")
    burst = facts.burst or 0
    allowed_ns = round(max(0.0, (answered - burst) / facts.per_second) * 1e9)
    now_ns = max(span.end_ns for span in spans) - spans[0].start_ns
    return Saving(
        max(0, min(cost_ns, now_ns - allowed_ns)),
        f"{answered} calls take {text(allowed_ns)} at the limit ({burst} at once, then {facts.per_second:g} "
        f"a second); now {text(now_ns)}, of which {text(cost_ns)} refused attempts and what they waited",
    )


def _evidence(refused: list[Span], requests: int, again: int, places: int) -> list[str]:
    statuses = Counter(span.attrs["status"] for span in refused)
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    facts = [f"{len(refused)} of {requests} requests to this host were refused: {told}"]
    if again:
        facts.append(f"{again} were sent again")
    if places > 1:
        facts.append(f"from {places} places; this is the one refused most often")
    return facts


def _fix(span: Span, facts: HostFacts) -> str:
    host = span.attrs.get("host") or "this host"
    rate = "no faster than it allows"
    if facts.per_second:
        burst = f"after {facts.burst} at once, " if facts.burst else ""
        rate = f"{burst}no faster than {facts.per_second:g} a second"
    batch = f"up to {facts.batch_size} in one batch request" if facts.batch_size else "several in one request"
    return (
        f"Send requests to {host} {rate} (one limiter for all who call it); when it refuses, wait as long as "
        f"its Retry-After header says; and make fewer of them: ask for {batch}, keep answers."
    )
