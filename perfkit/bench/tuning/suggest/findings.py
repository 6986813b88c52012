"""The findings of the rules that promise most, with what they predict."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case
from perfkit.rules.savings import text

LOOKED_AT = "findings of the rules with a predicted saving"

TOLD_ELSEWHERE = frozenset({"PK203", "PK401", "PK402"})
"""By a suggestion of their own."""

MOST = 3
"""Of each strategy."""

MIN_SHARE = 0.05
"""Of the whole time: what saves less is not worth a suggestion."""


def check(case: Case) -> Iterator[Advice]:
    """The first few, the largest saving first."""
    worth = [f for f in case.findings if f.saving_ns and f.rule not in TOLD_ELSEWHERE]
    worth = [f for f in worth if (f.saving_ns or 0) >= MIN_SHARE * case.elapsed_ns]
    for finding in sorted(worth, key=lambda f: (-(f.saving_ns or 0), f.rule, f.template))[:MOST]:
        at = f" at {finding.site}" if finding.site else ""
        yield Advice(
            finding.rule,
            finding.fix or f"See perfkit explain {finding.rule}.",
            f"{finding.rule} {finding.name}{at}: {finding.count:,} times, {text(finding.spent_ns)}.",
            (f"predicted: {finding.basis}", *finding.evidence[:2]),
            case.where,
            case.about,
            finding.saving_ns,
        )
