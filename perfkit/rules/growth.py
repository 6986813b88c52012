"""PK502: cost that grows with the wrong thing, or faster than the data: found by running at several sizes.

One trace cannot show it, so ``check`` finds nothing. ``of_traces`` compares the operations of several sizes
that must not need more of them; ``of_counters`` a strategy's counters with the growth that is allowed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from perfkit.model import Finding, Frame, Span, Trace
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost
from perfkit.stats.growth import exponent

CODE = "PK502"
NAME = "growth"

COUNTED = ("query", "request", "connect", "transaction")
"""Kinds of operations that must not become more."""

TOLERANCE = 0.25
"""An exponent that is larger by so much is no chance: n log n has 1.15 between 100 and 10,000."""

SMALLEST = 8
"""Counters below it at the largest size are left alone: their steps look like growth."""


def check(view: View) -> list[Finding]:
    """Nothing: a trace holds one size."""
    return []


def of_traces(traces: Mapping[int, Trace], slack: int = 0) -> list[Finding]:
    """The operations of which a larger size needs more than ``slack`` more than the smallest does."""
    sizes = sorted(traces)
    counts = {size: Counter(span.name for span in traces[size].of_kind(*COUNTED)) for size in sizes}
    small, large = counts[sizes[0]], counts[sizes[-1]]
    by_name: dict[str, list[Span]] = defaultdict(list)
    for span in traces[sizes[-1]].of_kind(*COUNTED):
        by_name[span.name].append(span)
    return by_cost(
        [
            _of_operation(name, by_name[name], {size: counts[size][name] for size in sizes})
            for name, count in large.items()
            if count - small[name] > slack
        ]
    )


def _of_operation(name: str, spans: list[Span], counts: dict[int, int]) -> Finding:
    spent = sum(span.duration_ns for span in spans)
    more = len(spans) - counts[min(counts)]
    first = next((span for span in spans if span.site is not None), spans[0])
    return Finding(
        rule=CODE,
        name=NAME,
        template=name,
        count=len(spans),
        spent_ns=spent,
        site=first.site,
        path=first.path,
        saving_ns=round(spent * more / len(spans)),
        basis=f"{more} of {len(spans)} calls at size {max(counts)} are not needed at size {min(counts)}; "
        f"now {text(spent)}",
        evidence=[shown(counts)],
        fix="Make the number of these calls the same for any amount of data: ask once for all.",
        span_ids=[span.id for span in spans],
    )


def shown(counts: Mapping[int, int]) -> str:
    """The counts by size and how they grow, for a sentence.

    >>> shown({2: 3, 20: 30})
    '3 at size 2, 30 at size 20: grows like size^1'
    """
    listed = ", ".join(f"{count:,} at size {size:,}" for size, count in sorted(counts.items()))
    grows = exponent((size, count) for size, count in counts.items())
    return listed if grows is None else f"{listed}: grows like size^{grows:.2g}"


def of_counters(
    strategy: str, site: Frame | None, counters: Mapping[int, Mapping[str, int]], allowed: float
) -> list[Finding]:
    """The counters (by size) of a strategy that grow faster than ``size ** allowed``; by name.

    Two sizes or more are needed. Counters that stay small are left alone.
    """
    found = []
    for name in sorted({name for values in counters.values() for name in values}):
        counts = {size: values.get(name, 0) for size, values in counters.items()}
        grows = exponent((size, count) for size, count in counts.items())
        if grows is None or grows <= allowed + TOLERANCE or counts[max(counts)] < SMALLEST:
            continue
        found.append(
            Finding(
                rule=CODE,
                name=NAME,
                template=f"{strategy}: {name}",
                count=counts[max(counts)],
                spent_ns=0,
                site=site,
                path=(site,) if site else (),
                basis="unknown: a counter has no time",
                evidence=[shown(counts), f"at most size^{allowed:.2g} is expected of this scenario"],
                fix=f"Find out what {name} depends on: it grows faster than what is asked for.",
            )
        )
    return found
