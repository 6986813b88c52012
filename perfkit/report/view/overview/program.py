"""A recorded program or a file of traces in the main figure: where the time went, and what took longest."""

from __future__ import annotations

from collections.abc import Sequence

from perfkit.model import Finding, PackedTrace, unpack
from perfkit.model.split import split_trace
from perfkit.report import units
from perfkit.report.axis import axis_for
from perfkit.report.view.overview.parts import Bar, Bars, Panel, more, scale

MAX_ROWS = 8
_NAME = 34


def of_trace(packed: PackedTrace) -> Panel:
    """Computing and waiting beside the operations that took longest together."""
    trace = unpack(packed)
    totals: dict[str, tuple[int, int]] = {}
    for span in trace.spans:
        count, ns = totals.get(span.name, (0, 0))
        totals[span.name] = count + 1, ns + span.duration_ns
    longest = sorted(totals.items(), key=lambda item: (-item[1][1], item[0]))
    slowest = [(name, ns, f"{units.number(count)}x") for name, (count, ns) in longest]
    split = split_trace(trace)
    whole = max(split.whole_ns, 1)
    parts = [(name, ns, f"{round(100 * ns / whole)} %") for name, ns in split.parts]
    charts = (_bars("where the time went", parts), _bars("operations by their time together", slowest))
    place = f"{units.plural(len(trace.spans), 'span')} in {units.seconds(trace.duration_ns)}"
    return Panel("The program", place, tuple(chart for chart in charts if chart.bars))


def of_findings(findings: Sequence[Finding], place: str) -> Panel:
    """Findings by the time that was spent on them, with what mending each is said to save."""
    ordered = sorted(findings, key=lambda found: -found.spent_ns)
    rows = [
        (f"{found.rule} {found.site or found.place or found.template}", found.spent_ns, _saving(found))
        for found in ordered
    ]
    return Panel("Findings", place, (_bars("time spent", rows),) if rows else ())


def _saving(found: Finding) -> str:
    count = f"{units.number(found.count)}x"
    return count if found.saving_ns is None else f"{count}, saves {units.compact(found.saving_ns)}"


def _bars(caption: str, rows: Sequence[tuple[str, int, str]]) -> Bars:
    """Name, nanoseconds and a remark of each."""
    shown = rows[:MAX_ROWS]
    axis = axis_for(ns for _, ns, _ in shown)
    bars = tuple(
        Bar(
            units.clean(name, _NAME),
            f"{units.compact(ns)} · {remark}",
            "right" if index else "best",
            axis.percent(ns),
        )
        for index, (name, ns, remark) in enumerate(shown)
    )
    return Bars(caption + scale(axis), bars, tuple(axis.ticks()), more(len(rows) - len(shown), "row"))
