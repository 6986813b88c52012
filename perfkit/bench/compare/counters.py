"""Counters that perfkit's pytest plugin left beside the times of another tool: exact, whatever times do."""

from __future__ import annotations

from perfkit.bench.compare.compared import RANK, Compared
from perfkit.bench.compare.stored import Stored
from perfkit.model import Change, Difference


def compare_counters(base: Stored, head: Stored) -> Compared:
    """Counters of benchmarks that both have, where both say how many."""
    found = Compared()
    for name in [name for name in base.benchmarks if name in head.benchmarks]:
        before, after = base.benchmarks[name].counters, head.benchmarks[name].counters
        for metric in [metric for metric in before if metric in after]:
            found.lines += 1
            if before[metric] != after[metric]:
                found.differences.append(_counter(name, metric, before[metric], after[metric]))
    found.differences.sort(key=lambda one: RANK.index(one.change))
    return found


def _counter(name: str, metric: str, before: int, after: int) -> Difference:
    says = f"{after - before:+,} {metric}: {before:,} -> {after:,}, {name}"
    change = Change.WORSE if after > before else Change.BETTER
    return Difference("", name, change, metric, before=before, after=after, says=says)
