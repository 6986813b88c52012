"""What replacing a loop of calls would save, from the loop's own durations and what is known of the link.

With n calls, a batch of b, round trip r and service time s per call:

    after = max(ceil(n / b) * r + n * s,  time the rate limit needs for ceil(n / b) requests)
    saving = now - after

``now`` is the time the loop took; pauses between its calls count only where a rate limit or refusals explain
them, because the computing that fills other pauses stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from perfkit.model import HostFacts, Span, busy_ns
from perfkit.rules.loops import Loop, is_refused
from perfkit.rules.view import View, has_between

BITRIX24_BATCH = 50
"""Commands a Bitrix24 ``batch`` may carry (documented)."""

SAFE_CONCURRENCY = 5
"""How many calls at a time a fix without a batch is credited with."""


@dataclass(frozen=True)
class Saving:
    """``saving_ns`` None means unknown; ``batch_size`` 0 that no batch call is known.

    ``concurrency`` 0 means that several at a time would be no help.
    ``spent_ns`` is what the calls take now, with the pauses that a rate limit explains.
    """

    saving_ns: int | None
    basis: str
    batch_size: int = 0
    concurrency: int = SAFE_CONCURRENCY
    spent_ns: int = 0


@dataclass(frozen=True)
class _Link:
    rtt_ns: int
    service_ns: float
    source: str


def predict(loop: Loop, view: View) -> Saving:
    """The saving for the answered calls of one loop of requests."""
    spans = loop.spans
    facts = view.facts(str(loop.first.attrs.get("host", "")))
    now_ns, pause_ns = _now(loop, view, facts)
    batch = facts.batch_size or _known_batch(loop.first)
    if batch:
        return _batched(spans, batch, now_ns, pause_ns, _link(spans, view, facts), facts)
    if facts.burst is None and any(map(is_refused, loop.left_out)):
        why = "unknown: the host refuses calls, and its limit is not known"
        return Saving(None, why, concurrency=0, spent_ns=now_ns)
    if loop.overlap > 1:
        why = "unknown: the calls overlap already and no batch call of this service is known"
        return Saving(None, why, spent_ns=now_ns)
    after = max(now_ns // SAFE_CONCURRENCY, max(span.duration_ns for span in spans))
    basis = f"{SAFE_CONCURRENCY} at a time instead of one; now {text(now_ns)}"
    return Saving(max(0, now_ns - after), basis, spent_ns=now_ns)


def _batched(
    spans: list[Span], batch: int, now_ns: int, pause_ns: int, link: _Link, facts: HostFacts
) -> Saving:
    calls = len(spans)
    batches = -(-calls // batch)
    after = round(batches * link.rtt_ns + calls * link.service_ns)
    limited = _limit_ns(batches, facts)
    basis = (
        f"{batches} batch{'es' if batches > 1 else ''} of up to {batch} instead of {calls} calls: "
        f"{batches} x {text(link.rtt_ns)} round trip + {calls} x {text(link.service_ns)} service "
        f"({link.source}) = {text(max(after, limited))}; now {text(now_ns)}"
    )
    if pause_ns:
        basis += f", of which {text(pause_ns)} waiting for the rate limit"
    return Saving(max(0, now_ns - max(after, limited)), basis, batch, spent_ns=now_ns)


def _now(loop: Loop, view: View, facts: HostFacts) -> tuple[int, int]:
    """Time the loop takes now, and how much of it are pauses that the rate limit explains."""
    spans = loop.spans
    busy = busy_ns(spans)
    throttled = facts.burst is not None and len(spans) > facts.burst
    start, end = spans[0].start_ns, max(span.end_ns for span in spans)
    if not throttled and not has_between(view.refusals, start - 1, end):
        return busy, 0
    pause = max(0, end - start - view.answering_ns(start, end))
    return busy + pause, pause


def _limit_ns(requests: int, facts: HostFacts) -> int:
    """How long the rate limit takes to let ``requests`` pass."""
    if facts.burst is None or not facts.per_second:
        return 0
    return round(max(0.0, (requests - facts.burst) / facts.per_second) * 1e9)


def _known_batch(span: Span) -> int:
    return (
        BITRIX24_BATCH
        if str(span.attrs.get("template", "")).startswith("/rest/") and span.attrs.get("rpc")
        else 0
    )


def _link(spans: list[Span], view: View, facts: HostFacts) -> _Link:
    """Round trip and service time per call, from the best source there is."""
    # opening a connection is no part of the call itself: most calls of a loop, and a batch, reuse one
    durations = [span.duration_ns - view.opening_ns.get(span.id, 0) for span in spans]
    told = [
        (d, s.attrs["server_ns"]) for d, s in zip(durations, spans, strict=True) if "server_ns" in s.attrs
    ]
    if told:
        rtt = facts.rtt_ns or round(median(duration - server for duration, server in told))
        return _Link(rtt, sum(server for _, server in told) / len(told), "service from Server-Timing")
    mean = sum(durations) / len(durations)
    if facts.rtt_ns is not None:
        return _Link(facts.rtt_ns, max(0.0, mean - facts.rtt_ns), "round trip of the link")
    handshake = view.fastest_connect_ns.get(spans[0].attrs.get("host"))
    if handshake is not None and handshake <= min(durations):
        return _Link(handshake, mean - handshake, "round trip seen in the TCP handshake")
    return _Link(min(durations), mean - min(durations), "round trip taken from the fastest call")


_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))


def text(duration_ns: float) -> str:
    """A duration for a sentence: three digits and a unit.

    >>> text(2_500_000), text(811)
    ('2.5 ms', '811 ns')
    """
    if duration_ns >= 1e11:
        return f"{duration_ns / 1e9:,.0f} s"
    for size, unit in _UNITS:
        if duration_ns >= size:
            return f"{duration_ns / size:.3g} {unit}"
    return f"{duration_ns:.0f} ns"
