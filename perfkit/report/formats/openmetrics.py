"""Figures of a run as OpenMetrics, for Prometheus' tools and for the metrics report of GitLab.

GitLab compares values as texts, so a figure with noise is rounded to what it can say: two digits that count,
three of a ratio. Counters, and times of the virtual clock, are exact.

Sources: prometheus.io/docs/specs/om/open_metrics_spec; docs.gitlab.com, "Metrics reports".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from perfkit.model import Cell, Outcome, Run, ScenarioResult
from perfkit.report import units
from perfkit.report.formats.recordings import recordings
from perfkit.report.view.findings import of_recording, of_scenario

MAX_LABEL = 200
MAX_NAME = 60

_FAMILIES = {
    "perfkit_run": ("info", "", "What was run."),
    "perfkit_outcome": ("stateset", "", "What the run came to."),
    "perfkit_cell_right": ("gauge", "", "1: the strategy answered, and as the baseline did."),
    "perfkit_operations": ("gauge", "", "Operations of one sample, by counter."),
    "perfkit_counted_bytes": ("gauge", "bytes", "Sizes of one sample, by counter."),
    "perfkit_counted_seconds": ("gauge", "seconds", "Durations of one sample, by counter."),
    "perfkit_elapsed_seconds": ("gauge", "seconds", "Median of the samples, on the run's clock."),
    "perfkit_recording_seconds": ("gauge", "seconds", "How long the recorded program took."),
    "perfkit_spans": ("gauge", "", "Spans of a recording, by kind."),
    "perfkit_findings": ("gauge", "", "Findings by rule."),
    "perfkit_differences": ("gauge", "", "What is not as in the base any more, by change."),
    "perfkit_benchmark_ratio": ("gauge", "ratio", "Time of head by that of base."),
    "perfkit_benchmark_verdict": ("stateset", "", "What a benchmark came to."),
    "perfkit_target_met": ("gauge", "", "1: the target is met."),
    "perfkit_target_used_ratio": ("gauge", "ratio", "What was measured, by the limit."),
}
"""Type, unit and meaning of each family."""

_VERDICTS = ("regressed", "improved", "no change", "inconclusive")


class _Point(NamedTuple):
    family: str
    labels: dict[str, str]
    value: str


def render(run: Run) -> bytes:
    """The exposition, ending in ``# EOF``; families and their points are always in the same order."""
    points: dict[str, dict[str, str]] = {}
    for point in _points(run):
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in point.labels.items())
        # two names may look alike once what is invisible is spelled out; the first counts
        points.setdefault(point.family, {}).setdefault(labels, point.value)
    lines = []
    for family, (kind, unit, means) in _FAMILIES.items():
        if family in points:
            lines += [f"# TYPE {family} {kind}", *([f"# UNIT {family} {unit}"] if unit else [])]
            lines.append(f"# HELP {family} {means}")
            name = f"{family}_info" if kind == "info" else family
            lines += [f"{name}{{{labels}}} {value}" for labels, value in points[family].items()]
    return "\n".join([*lines, "# EOF", ""]).encode("utf-8", "replace")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _points(run: Run) -> Iterator[_Point]:
    about = {"kind": run.kind, "clock": run.clock, "version": run.perfkit}
    yield _Point("perfkit_run", {key: units.clean(text, MAX_NAME) for key, text in about.items()}, "1")
    for outcome in Outcome:
        yield _Point("perfkit_outcome", {"perfkit_outcome": outcome.value}, _flag(run.outcome is outcome))
    for scenario in run.scenarios:
        for cell in scenario.cells:
            yield from _of_cell(scenario, cell, exact=run.clock == "virtual")
    yield from _of_recording(run)
    yield from _of_findings(run)
    yield from _of_gate(run)
    yield from _of_targets(run)


def _of_cell(scenario: ScenarioResult, cell: Cell, *, exact: bool) -> Iterator[_Point]:
    labels = {
        "scenario": units.clean(scenario.name, MAX_NAME),
        "world": units.clean(cell.world, MAX_NAME),
        "strategy": units.clean(cell.strategy, MAX_NAME),
        "size": str(cell.size),
    }
    right = cell.status == "ok" and cell.agrees is not False
    yield _Point("perfkit_cell_right", labels, _flag(right))
    for name, value in sorted(cell.counters.items()):
        about = {**labels, "counter": units.clean(name, MAX_NAME)}
        if name.endswith("_ns"):
            yield _Point("perfkit_counted_seconds", about, _seconds(value, exact=exact))
        elif "bytes" in name.split("_"):
            yield _Point("perfkit_counted_bytes", about, str(value))
        else:
            yield _Point("perfkit_operations", about, str(value))
    if cell.elapsed_ns is not None:
        yield _Point("perfkit_elapsed_seconds", labels, _seconds(cell.elapsed_ns, exact=exact))


def _of_recording(run: Run) -> Iterator[_Point]:
    if run.trace is None:
        return
    trace = next(recordings(run)).trace
    exact = trace.clock == "virtual"
    yield _Point("perfkit_recording_seconds", {}, _seconds(trace.duration_ns, exact=exact))
    for kind, count in sorted(Counter(units.clean(span.kind, MAX_NAME) for span in trace.spans).items()):
        yield _Point("perfkit_spans", {"kind": kind}, str(count))


def _of_findings(run: Run) -> Iterator[_Point]:
    """Those of strategies that are there to be slow or wrong have the level "note"."""
    places = [(units.clean(scenario.name, MAX_NAME), of_scenario(scenario)) for scenario in run.scenarios]
    for place, found in [*places, ("", of_recording(run))]:
        counts = Counter((units.clean(one.finding.rule, 20), one.level) for one in found)
        for (rule, level), count in sorted(counts.items()):
            where = {"scenario": place} if place else {}
            yield _Point("perfkit_findings", {**where, "rule": rule, "level": level}, str(count))


def _of_gate(run: Run) -> Iterator[_Point]:
    if run.gate is None:
        return
    changes = Counter(one.change.value for one in run.gate.differences)
    for change, count in sorted(changes.items()):
        yield _Point("perfkit_differences", {"change": change}, str(count))
    for timing in run.gate.timings:
        labels = {"benchmark": units.clean(timing.name, MAX_LABEL)}
        if timing.ratio is not None:
            yield _Point("perfkit_benchmark_ratio", labels, f"{timing.ratio:.3g}")
        for verdict in _VERDICTS:
            state = {**labels, "perfkit_benchmark_verdict": verdict}
            yield _Point("perfkit_benchmark_verdict", state, _flag(timing.verdict.value == verdict))


def _of_targets(run: Run) -> Iterator[_Point]:
    for target in run.targets:
        labels = {
            "metric": units.clean(target.metric, MAX_NAME),
            "scope": units.clean(target.scope, MAX_LABEL),
        }
        if target.met is not None:
            yield _Point("perfkit_target_met", labels, _flag(target.met))
        if target.measured is not None and target.limit:
            yield _Point("perfkit_target_used_ratio", labels, f"{target.measured / target.limit:.3g}")


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _seconds(ns: int, *, exact: bool) -> str:
    """Seconds, to the nanosecond or to two digits that count.

    >>> _seconds(1_500_000_001, exact=True), _seconds(1_234_000, exact=False)
    ('1.500000001', '0.0012')
    """
    if exact:
        whole, rest = divmod(abs(ns), 1_000_000_000)
        shown = f"{whole}.{rest:09}".rstrip("0").rstrip(".")
        return f"-{shown}" if ns < 0 else shown
    return f"{float(f'{ns / 1e9:.2g}'):.12f}".rstrip("0").rstrip(".") or "0"
