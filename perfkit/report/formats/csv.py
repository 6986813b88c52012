"""Tables for spreadsheets and data frames: a row for each cell of a bench, each span, or each line of a gate.

RFC 4180: commas, CRLF, quotes doubled, UTF-8 without a mark. A text that a spreadsheet would take for a
formula gets an apostrophe in front. Times are nanoseconds, sizes bytes; the columns tell in their names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from perfkit.model import Cell, Gate, Run, ScenarioResult
from perfkit.model.plain import text
from perfkit.report import units
from perfkit.report.formats.recordings import end_of, recordings

CELL = (
    *("scenario", "world", "strategy", "group", "size", "unit", "status", "agrees", "elapsed_ns", "factor"),
    *("samples", "waiting_ns", "peak_in_flight", "findings", "error"),
)
"""The columns of a bench; counters follow as ``counter.NAME``, what was measured besides as ``figure.NAME``.

``factor`` is the baseline's elapsed time by this one's, in the same group, world and size.
"""

SPAN = (
    *("recording", "id", "parent", "kind", "name", "start_ns", "duration_ns", "cpu_ns", "thread", "task"),
    *("file", "line", "function", "status", "error"),
)
"""The columns of a recording; times from its start on."""

LINE = (
    *("what", "baseline", "entry", "metric", "template", "state", "size", "verdict", "before", "after"),
    *("ratio", "low", "high", "pairs", "stops", "file", "line", "says"),
)
"""The columns of a gate: its differences, then its benchmarks, whose before and after are nanoseconds."""

FINDING = (
    *("rule", "name", "template", "count", "traces", "spent_ns", "saving_ns", "basis", "file", "line"),
    *("function", "place", "fix"),
)
"""The columns of a file of traces."""

POINT = ("scenario", "strategy", "world", "stage", "size", "seed", "goal", "chosen", "broken")
"""The columns of a tuning; parameters follow as ``parameter.NAME``, figures as ``figure.NAME``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CUT = 2_000

Row = dict[str, Any]


def render(run: Run) -> bytes:
    """The table of what the run is about, with a line of column names; only that line if there is nothing."""
    columns, rows = _table(run)
    names = [*columns, *sorted({name for row in rows for name in row} - set(columns))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(name) for name in names])
    writer.writerows([_safe(row.get(name)) for name in names] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def _table(run: Run) -> tuple[tuple[str, ...], list[Row]]:
    if run.gate is not None:
        return LINE, [*_differences(run.gate), *_timings(run.gate)]
    if run.trace is not None:
        return SPAN, list(_spans(run))
    if run.imported is not None:
        return FINDING, list(_findings(run))
    if run.tunings:
        return POINT, list(_points(run))
    return CELL, list(_cells(run))


def _safe(value: Any) -> str:
    """A value as a cell that no spreadsheet carries out.

    >>> _safe("=1+1"), _safe(-5), _safe(None), _safe(True), _safe("a,b")
    ("'=1+1", '-5', '', 'true', 'a,b')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:.12g}" if isinstance(value, float) else str(value)
    words = units.clean(text(str(value)), _CUT)
    return f"'{words}" if words.startswith(_FORMULA) else words


def _cells(run: Run) -> Iterator[Row]:
    for scenario in run.scenarios:
        for cell in scenario.cells:
            info = scenario.strategy(cell.strategy)
            yield {
                "scenario": scenario.name,
                "world": cell.world,
                "strategy": cell.strategy,
                "group": info.group,
                "size": cell.size,
                "unit": scenario.unit,
                "status": cell.status,
                "agrees": cell.agrees,
                "elapsed_ns": cell.elapsed_ns,
                "factor": _factor(scenario, cell),
                "samples": len(cell.samples),
                "waiting_ns": cell.waiting_ns,
                "peak_in_flight": cell.peak_in_flight,
                "findings": len(cell.findings),
                "error": cell.error,
                **_prefixed("counter", cell.counters),
                **_prefixed("figure", cell.figures),
            }


def _factor(scenario: ScenarioResult, cell: Cell) -> float | None:
    if cell.agrees is False:
        return None  # a wrong answer earns none
    baseline = scenario.baseline(scenario.strategy(cell.strategy).group)
    base = scenario.cell(cell.world, baseline.name, cell.size) if baseline else None
    if base is None or base.elapsed_ns is None or not cell.elapsed_ns:
        return None
    return base.elapsed_ns / cell.elapsed_ns


def _prefixed(word: str, figures: dict[str, Any]) -> Row:
    return {f"{word}.{units.clean(name, 80)}": figures[name] for name in sorted(figures)}


def _spans(run: Run) -> Iterator[Row]:
    for name, trace, _ in recordings(run):
        for span in trace.spans:
            yield {
                "recording": name,
                "id": span.id,
                "parent": span.parent,
                "kind": span.kind,
                "name": span.name,
                "start_ns": span.start_ns - trace.start_ns,
                "duration_ns": end_of(span) - span.start_ns,
                "cpu_ns": span.cpu_ns if span.cpu_ns >= 0 else None,
                "thread": span.thread or None,
                "task": span.task or None,
                "file": span.site.file if span.site else None,
                "line": span.site.line if span.site else None,
                "function": span.site.function if span.site else None,
                "status": span.attrs.get("status") or None,
                "error": span.error,
            }


def _differences(gate: Gate) -> Iterator[Row]:
    for one in gate.differences:
        yield {
            "what": "difference",
            "baseline": one.baseline,
            "entry": one.entry,
            "metric": one.metric,
            "template": one.template,
            "state": one.state,
            "size": one.size or None,
            "verdict": one.change.value,
            "before": one.before,
            "after": one.after,
            "stops": gate.stops(one),
            "file": one.site.file if one.site else None,
            "line": one.site.line if one.site else None,
            "says": one.says,
        }


def _timings(gate: Gate) -> Iterator[Row]:
    for one in gate.timings:
        yield {
            "what": "time",
            "entry": one.name,
            "metric": "time_ns",
            "verdict": one.verdict.value,
            "before": one.base_ns,
            "after": one.head_ns,
            "ratio": one.ratio,
            "low": one.low,
            "high": one.high,
            "pairs": one.pairs or None,
            "stops": one.verdict.value == "regressed",
            "says": one.reason,
        }


def _findings(run: Run) -> Iterator[Row]:
    for one in run.findings:
        yield {
            "rule": one.rule,
            "name": one.name,
            "template": one.template,
            "count": one.count,
            "traces": one.traces,
            "spent_ns": one.spent_ns,
            "saving_ns": one.saving_ns,
            "basis": one.basis,
            "file": one.site.file if one.site else None,
            "line": one.site.line if one.site else None,
            "function": one.site.function if one.site else None,
            "place": one.place,
            "fix": one.fix,
        }


def _points(run: Run) -> Iterator[Row]:
    for tuning in run.tunings:
        for point in (*tuning.points, *tuning.checks):
            yield {
                "scenario": tuning.scenario,
                "strategy": tuning.strategy,
                "world": tuning.world,
                "stage": point.stage,
                "size": point.size,
                "seed": point.seed,
                "goal": point.goal,
                "chosen": point.parameters == tuning.chosen,
                "broken": "; ".join(point.broken),
                **_prefixed("parameter", point.parameters),
                **_prefixed("figure", point.figures),
            }
