"""The operations of two traces, template by template: what is sent more often now, and by which line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from perfkit.bench.baselines.metrics import template_of
from perfkit.model import Frame, Trace
from perfkit.rules.growth import COUNTED

Key = tuple[str, str]
"""Kind and template."""


@dataclass(frozen=True)
class Operation:
    """How often something was sent, how long that took in all, and the line that sent it most often."""

    count: int = 0
    spent_ns: int = 0
    site: Frame | None = None


def operations_of(trace: Trace) -> dict[Key, Operation]:
    """The queries, requests, connections and transactions of a trace."""
    sites: dict[Key, Counter[Frame | None]] = {}
    spent_ns: Counter[Key] = Counter()
    for span in trace.spans:
        if span.kind in COUNTED:
            key = span.kind, template_of(span)
            sites.setdefault(key, Counter())[span.site] += 1
            spent_ns[key] += span.duration_ns
    return {
        key: Operation(lines.total(), spent_ns[key], lines.most_common(1)[0][0])
        for key, lines in sites.items()
    }


def totals(operations: dict[Key, Operation]) -> dict[str, int]:
    """How many of each kind."""
    return {kind: sum(op.count for (of, _), op in operations.items() if of == kind) for kind in COUNTED}


def slowed(before: dict[Key, Operation], after: dict[Key, Operation]) -> Key | None:
    """What takes longest of all that takes longer than before; None where nothing does."""
    none = Operation()
    longer = {key: op.spent_ns - before.get(key, none).spent_ns for key, op in after.items()}
    worst = max(longer, key=lambda key: longer[key], default=None)
    return worst if worst is not None and longer[worst] > 0 else None
