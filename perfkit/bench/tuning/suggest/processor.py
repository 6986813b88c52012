"""Bound by the processor: more at a time makes nothing faster; compute less."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case
from perfkit.rules.savings import text

LOOKED_AT = "computing beside waiting"

SHARE = 0.5
"""Of the time, spent computing: from here on it is the larger part."""


def is_bound(case: Case) -> bool:
    """Whether computing is more than half of the time."""
    return case.elapsed_ns > 0 and _computing_ns(case) > SHARE * case.elapsed_ns


def check(case: Case) -> Iterator[Advice]:
    """One advice."""
    if not is_bound(case):
        return
    computing_ns = _computing_ns(case)
    beside = "of virtual time that counts none of it" if case.clock == "virtual" else "of it"
    yield Advice(
        "processor",
        "Do not add concurrency: compute less. perfkit.cpu shows the lines that do.",
        f"{text(computing_ns)} of computing beside {text(case.elapsed_ns)} {beside}.",
        (
            f"computing {100 * computing_ns / case.elapsed_ns:.0f} %",
            f"{case.peak_in_flight} in flight at most",
        ),
        case.where,
        case.about,
        computing_ns if case.clock == "wall" else None,
    )


def _computing_ns(case: Case) -> int:
    if case.computing_ns <= 0 and case.split is not None:
        return max(0, case.split.computing_ns)
    return case.computing_ns
