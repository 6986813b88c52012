"""Batches that wait for batches they do not depend on (PK203): send several at a time."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.bench.tuning.suggest.case import Advice, Case

LOOKED_AT = "batches that wait for each other (PK203)"


def check(case: Case) -> Iterator[Advice]:
    """What the rule found, with its saving."""
    finding = case.of_rule("PK203")
    if finding is None:
        return
    at = f" at {finding.site}" if finding.site else ""
    yield Advice(
        "head-of-line",
        finding.fix or "Send several batches at a time.",
        f"{finding.count} batches{at} each wait for the answer to the one before.",
        tuple(finding.evidence[:3]),
        case.where,
        case.about,
        finding.saving_ns,
    )
