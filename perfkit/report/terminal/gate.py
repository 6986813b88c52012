"""The part of a gate or a comparison in the terminal's report: what changed, where, and what was not seen."""

from __future__ import annotations

from perfkit.report import units
from perfkit.report.terminal.console import Writer
from perfkit.report.terminal.findings import write_finding
from perfkit.report.view.changes import EXACT, Changed
from perfkit.report.view.gate import GateView

MAX_CHANGES = 12
MAX_TEMPLATE = 120
MAX_FINDINGS = 3
MAX_PROBLEMS = 5
MAX_COMMANDS = 3

_STYLES = {"worse": "red", "better": "green"}


def write_gate(gate: GateView, told: str, out: Writer) -> None:
    """What changed, what could not be compared, findings of one side alone.

    ``told`` is the command that takes the change as it is, where the answers have named it already.
    """
    if gate.changed:
        out.heading("What changed: counters, then times")
    rows = [row for row in gate.changed if not _is_told_below(row, gate)]
    for before, row in zip((None, *rows), rows[:MAX_CHANGES], strict=False):
        _changed(row, before, out)
    left = [(len(rows) - MAX_CHANGES, "change")]
    _recorded(gate, told, out)
    if gate.problems:
        out.heading("Not compared")
    for problem in gate.problems[:MAX_PROBLEMS]:
        out.line(problem, "yellow")
    left.append((len(gate.problems) - MAX_PROBLEMS, "problem"))
    for title, found in (("New findings", gate.new), ("Findings that are gone", gate.fixed)):
        if found:
            out.heading(title)
        for finding in found[:MAX_FINDINGS]:
            write_finding(finding, out)
        left.append((len(found) - MAX_FINDINGS, "finding"))
    if gate.changed and gate.same:
        out.line()
        out.line(f"{units.plural(len(gate.same), 'benchmark')} did not change.")
    for note in gate.notes[:1]:
        out.line(f"note 1 of {len(gate.notes)}: {note}" if gate.notes[1:] else f"note: {note}", "dim")
    out.more([*left, (len(gate.notes) - 1, "note")])


def _is_told_below(row: Changed, gate: GateView) -> bool:
    """Whether it is one of the findings that have a section of their own."""
    return row.what == "finding" and any(
        one.rule in row.says and (one.site in row.says or one.template in row.says)
        for one in (*gate.new, *gate.fixed)
    )


def _changed(row: Changed, before: Changed | None, out: Writer) -> None:
    """What, by how much, how sure; then the statement and the line, unless they are those just told."""
    figure = (row.sentence or row.change).removeprefix(f"{row.verdict}: ")
    sure = "" if row.interval in ("", EXACT) else f", interval {row.interval}"
    more = f", {row.more}" if row.more else ""
    out.line(f"[{row.verdict}] {row.of}: {figure}{sure}{more}", _STYLES.get(row.tone, ""))
    told = before is not None and (row.template, row.place) == (before.template, before.place)
    statement = "" if told or row.template in figure else units.clean(row.template, MAX_TEMPLATE)
    place = "" if told or not row.place or row.place in figure else f"at {row.place}"
    for text in (statement, place, row.says if row.before else ""):
        if text:
            out.line(text, "dim", indent=4)


def _recorded(gate: GateView, told: str, out: Writer) -> None:
    """The commands that record what changed, each once."""
    clauses = [clause for row in gate.differences for clause in row.clauses[1:]]
    commands = [one for one in dict.fromkeys(clauses) if not one.startswith(("with it ", "also "))]
    commands = [one for one in commands if not told or not one.endswith(told)]
    for command in commands[:MAX_COMMANDS]:
        out.line(command, "bold")
    out.more([(len(commands) - MAX_COMMANDS, "command")])
