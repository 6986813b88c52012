"""A tuning in the terminal's report: the choice, why, and what stands beside it."""

from __future__ import annotations

from perfkit.report.terminal.console import Column, Writer
from perfkit.report.view.tuned import Tuned


def write_tuning(tuned: Tuned, out: Writer) -> None:
    """Sentences, and a table of the settings around the chosen one."""
    out.heading(f"{tuned.title}: made small is {tuned.goal}")
    if tuned.limits:
        out.line(f"Kept: {tuned.limits}.")
    for number, sentence in enumerate(tuned.sentences):
        out.line(sentence, "bold" if number == 0 else "")
    for warning in tuned.warnings:
        out.line(warning, "yellow", label="note: ")
    heads = ("setting", "goal", "factor", *tuned.columns)
    out.table(Column.of(heads, [(row.name, row.goal, row.factor, *row.figures) for row in tuned.rows]))
    for row in tuned.rows:
        if row.note:
            out.line(row.note, label=f"  {row.name}: ")
