"""The project's own limits in the terminal's report: those that are missed, and how many are kept."""

from __future__ import annotations

from perfkit.report.terminal.console import Writer
from perfkit.report.view.targets import MET, MISSED, TargetRow, Targets

MAX_TARGETS = 8
_STYLES = {MISSED: "red"}


def write_targets(targets: Targets, out: Writer) -> None:
    """The missed ones first, as the page has them; where all are met one line is enough."""
    if targets.met == len(targets.rows):
        out.line(f"Targets: {targets.summary}.", "green")
        return
    out.heading(f"Targets: {targets.summary}")
    rows = [row for row in targets.rows if row.verdict != MET][:MAX_TARGETS]
    for row in rows:
        out.line(f"[{row.verdict}] {row.scope}: {_said(row)}", _STYLES.get(row.verdict, "yellow"))
    out.more([(len(targets.rows) - len(rows), "target")])


def _said(row: TargetRow) -> str:
    """What was measured and by how much it misses, or why it was not measured."""
    if row.verdict == MISSED:
        return ", ".join(filter(None, (f"{row.metric} {row.measured}", row.limit, row.margin)))
    return f"{row.metric} {row.limit}" + (f"; {row.basis}" if row.basis else "")
