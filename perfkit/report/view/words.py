"""Findings in words, as headlines, tables and annotations say them. Imports no other view."""

from __future__ import annotations

from perfkit.model import Cell, Finding, ScenarioResult
from perfkit.report import units


def sentence_of(finding: Finding, measured: str = "", *, imported: bool = False) -> str:
    """Rule, place, count and saving of a finding in one sentence; its evidence where it cost no time."""
    saving = f"predicted saving {units.seconds(finding.saving_ns)}" if finding.saving_ns is not None else ""
    tail = f"; {saving or 'no prediction'}{measured}" if saving or measured else ""
    rule, name = units.clean(finding.rule, 20), units.clean(finding.name, 60)
    spent = f"{times(finding, imported=imported)}, {units.seconds(finding.spent_ns)}"
    if not is_timed(finding):
        spent = units.clean(finding.evidence[0], 300) if finding.evidence else "cost no time"
    return f"{rule} {name} {place_of(finding)}: {spent}{tail}."


def place_of(finding: Finding) -> str:
    """The line to edit, or the spans around it where the trace names no lines."""
    if finding.site:
        return f"at {units.clean(str(finding.site), 160)}"
    return f"under {units.clean(finding.place, 160)}" if finding.place else "at a place that is not known"


def is_timed(finding: Finding) -> bool:
    """Whether it is about operations and their time, and not about answers or counters."""
    return finding.spent_ns > 0 or finding.saving_ns is not None


def times(finding: Finding, *, imported: bool = False) -> str:
    """How often, and in how many traces if several were read; of a recording the evidence says more.

    >>> times(Finding("PK101", "n", "SELECT ?", 2000, 0, traces=400), imported=True)
    '2,000 times in 400 traces'
    """
    count = units.plural(finding.count, "time")
    return f"{count} in {units.number(finding.traces)} traces" if imported and finding.traces > 1 else count


def worst_of(findings: list[Finding]) -> Finding | None:
    """The finding with the largest predicted saving, else the largest time spent."""
    return max(findings, key=lambda f: (f.saving_ns or 0, f.spent_ns), default=None)


def measured(scenario: ScenarioResult, cell: Cell, finding: Finding) -> str:
    """What the fix of a finding of ``cell`` did save, if a strategy of the scenario is that fix; else ""."""
    for prediction in scenario.predictions:
        key = (prediction.world, prediction.size, prediction.rule, prediction.baseline)
        if key == (cell.world, cell.size, finding.rule, cell.strategy):
            saved = units.seconds(prediction.measured_saving_ns)
            return f"measured {saved} with {units.clean(prediction.strategy, 60)}"
    return ""
