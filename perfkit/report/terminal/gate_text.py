"""The section of a gate in the terminal's report."""

from __future__ import annotations

from perfkit.report import units
from perfkit.report.terminal.console import Writer
from perfkit.report.view.gate import DifferenceRow, GateView, TimingRow

MAX_DIFFERENCES = 30
MAX_TIMINGS = 60
MAX_NOTES = 10

_STYLES = {"regressed": "red", "improved": "green", "inconclusive": "yellow"}


def write_gate(gate: GateView, out: Writer) -> None:
    """What changed, the times, and what could not be compared."""
    _differences(gate.differences, out)
    _timings(gate, out)
    if gate.problems:
        out.heading("Not compared")
        for problem in gate.problems:
            out.line(problem, "yellow")
    if gate.notes:
        out.heading("To know")
        for note in gate.notes[:MAX_NOTES]:
            out.line(note)
        _left_out(len(gate.notes) - MAX_NOTES, "note", out)
    if gate.left_out:
        out.line(gate.left_out)


def _differences(rows: tuple[DifferenceRow, ...], out: Writer) -> None:
    if rows:
        out.heading("What changed")
    for row in rows[:MAX_DIFFERENCES]:
        first, *more = row.clauses
        out.line(f"[{row.change}] {first}", "red" if row.stops else "")
        for clause in more:
            out.line(clause, indent=2)
        told = row.place.partition(" ")[0] in row.says
        entry = "" if all(part in row.says for part in row.entry.split()) else row.entry
        where = ", ".join(part for part in (entry, "" if told else f"at {row.place}") if part)
        if where:
            out.line(where, "dim", indent=2)
    _left_out(len(rows) - MAX_DIFFERENCES, "difference", out)


def _timings(gate: GateView, out: Writer) -> None:
    """Two lines for each benchmark: names are long, and a table of all figures is wider than a terminal."""
    if not gate.timings:
        return
    out.heading("Times: head against base")
    rows = gate.timings[:MAX_TIMINGS]
    verdicts, changes = (max(len(part) for part in parts) for parts in zip(*map(_first, rows), strict=True))
    for row in rows:
        verdict, change = _first(row)
        head = f"{verdict.ljust(verdicts)}  {change.rjust(changes)}  {row.name}"
        out.line(head, _STYLES.get(row.verdict, ""))
        out.line("; ".join(row.figures), "dim", indent=4)
    _left_out(len(gate.timings) - MAX_TIMINGS, "benchmark", out)


def _first(row: TimingRow) -> tuple[str, str]:
    return row.verdict, row.ratio or "-"


def _left_out(count: int, word: str, out: Writer) -> None:
    if count > 0:
        out.line(f"{units.plural(count, f'more {word}')} not shown here; the HTML report has more.")
