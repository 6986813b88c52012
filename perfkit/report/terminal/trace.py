"""A recorded program in the terminal's report: findings, where the time went, profiles, what took longest."""

from __future__ import annotations

from perfkit.report.terminal.console import Column, Writer
from perfkit.report.terminal.findings import write_findings
from perfkit.report.view.page import TraceView
from perfkit.report.view.profiles import ProfileTable

MAX_SPLITS = 3
MAX_FINDINGS = 3
MAX_NAMES = 5
MAX_LINES = 6


def write_trace(trace: TraceView, out: Writer) -> None:
    """All sections of a recording."""
    more = write_findings(trace.findings, out, most=MAX_FINDINGS)
    if trace.tables.splits:
        out.heading("Where the time went")
    for split in trace.tables.splits[:MAX_SPLITS]:
        out.line(f"{split.name}: {split.whole}, {', '.join(split.parts) or 'nothing measured'}")
    rows = [(kind.kind, kind.count, kind.busy, kind.share) for kind in trace.tables.kinds]
    if rows:
        out.table(Column.of(("kind", "count", "under way", "of the whole"), rows))
    for profile in trace.profiles:
        _profile(profile, out)
    names = trace.tables.names[:MAX_NAMES]
    if names:
        out.heading("Slowest operations")
        out.table(
            [
                Column("name", tuple(name.name for name in names), text=True),
                Column("count", tuple(name.count for name in names)),
                Column("total", tuple(name.total for name in names)),
                Column("longest", tuple(name.longest for name in names)),
            ]
        )
    for note in trace.tables.notes:
        out.line(note, "dim")
    left = trace.tables.names_left_out + len(trace.tables.names) - len(names)
    out.more([*more, (left, "operation"), (len(trace.tables.splits) - MAX_SPLITS, "span")])


def _profile(profile: ProfileTable, out: Writer) -> None:
    out.heading(profile.title)
    out.line(profile.summary)
    out.table(Column.of(profile.headings, profile.rows[:MAX_LINES]))
    for note in profile.notes:
        out.line(note)
    out.more([(len(profile.rows) - MAX_LINES, "line")])
