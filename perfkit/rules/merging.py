"""Findings of one line as one with their total cost: of several requests answered, or of several tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec.structs import replace

from perfkit.model import Finding


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each rule, template and line, in order of the first of each."""
    alike: dict[object, list[Finding]] = defaultdict(list)
    for finding in findings:
        alike[(finding.rule, finding.template, finding.site, finding.place)].append(finding)
    return [members[0] if len(members) == 1 else _sum(members) for members in alike.values()]


def _sum(members: list[Finding]) -> Finding:
    """Counts and times in all; basis, evidence and fix of the costliest."""
    worst = max(members, key=lambda finding: (finding.saving_ns or 0, finding.spent_ns))
    savings = [finding.saving_ns for finding in members if finding.saving_ns is not None]
    return replace(
        worst,
        count=sum(finding.count for finding in members),
        spent_ns=sum(finding.spent_ns for finding in members),
        saving_ns=sum(savings) if savings else None,
        basis=f"of the costliest of {len(members)}: {worst.basis}",
        evidence=[f"{len(members)} times over, up to {worst.count} calls in one", *worst.evidence],
        span_ids=[number for finding in members for number in finding.span_ids],
    )
