"""Findings in the terminal's report: the rule and the line, what it costs, the fix."""

from __future__ import annotations

from collections.abc import Sequence

from perfkit.report import units
from perfkit.report.terminal.console import Writer
from perfkit.report.view.findings import FindingRow

STATEMENT = 140
"""Characters of a statement that the terminal shows."""


def write_findings(
    rows: Sequence[FindingRow], out: Writer, *, most: int, brief: bool = False
) -> list[tuple[int, str]]:
    """The costliest ``most`` of those that are not there on purpose; how many more there are.

    ``brief``: the costliest alone, in two sentences.
    """
    unmeant = [row for row in rows if not row.meant]
    if brief:
        for row in unmeant[:1]:
            out.line(f"Besides: {_name(row)}; {row.effect}.")
        return [(len(rows) - len(unmeant[:1]), "finding")]
    out.heading("Findings")
    if not unmeant:
        out.line("none" + (" but in baselines and in what has a known flaw" if rows else ""))
    for row in unmeant[:most]:
        write_finding(row, out)
    return [(len(rows) - len(unmeant[:most]), "finding")]


def write_finding(row: FindingRow, out: Writer) -> None:
    """One finding: rule, line and cost, statement, fix."""
    out.line(f"{_name(row)}; {row.effect}")
    out.line(units.clean(row.template, STATEMENT), "dim", indent=2)
    if row.fix:
        out.line(f"fix: {row.fix}", indent=2)


def _name(row: FindingRow) -> str:
    often = f": {row.times}" if row.times else ""
    status = f"[{row.status}] " if row.status else ""
    return f"{status}{row.rule} {row.name} {row.where}{often}"
