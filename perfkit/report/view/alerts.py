"""What a reader of a run must act on beside its findings, for formats that are lists of problems.

What a gate found, strategies and tunings that went wrong, targets that are missed or could not be measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from perfkit.model import Change, Difference, Frame, Gate, Run, Target, Timing, Tuning, Verdict
from perfkit.report import units
from perfkit.report.view.findings import Found, file_of
from perfkit.report.view.findings import of_run as findings_of_run
from perfkit.report.view.findings import row as finding_row
from perfkit.report.view.gate import difference_row, timing_row

TIMES = "perfkit.gate.times"
"""The group of alerts about benchmarks."""

TARGETS = "perfkit.targets"
"""The group of alerts about targets."""

RULES = {
    "gate-worse": "A line of a baseline got worse.",
    "gate-better": "A line of a baseline got better, and the baseline does not say so yet.",
    "gate-new": "Something that no baseline has.",
    "gate-vanished": "A line of a baseline that is not measured any more.",
    "gate-unseen": "A probe that was expected saw nothing.",
    "gate-inputs": "Measured with other inputs than the baseline.",
    "gate-missing": "There is no baseline.",
    "gate-slower": "A benchmark got slower.",
    "gate-inconclusive": "A benchmark could not be decided.",
    "strategy-failed": "A strategy failed, or gave another answer than the baseline.",
    "tuning-failed": "No setting keeps the limits.",
    "target-missed": "A target is missed.",
    "target-unknown": "A target could not be measured.",
}
"""What each kind of alert means, in a sentence."""

_OPEN = (Verdict.REGRESSED, Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class Alert:
    """One thing for a list of problems: an annotation, an alert or a test case. ``level`` as in SARIF.

    ``identity`` survives edits elsewhere. ``stops`` is whether the change is stopped for it.
    """

    level: str
    title: str
    text: str
    group: str
    name: str
    rule: str
    identity: str
    site: Frame | None = None
    stops: bool = False
    spent_ns: int = 0


def of_run(run: Run) -> list[Alert]:
    """All alerts, what the run fails for first."""
    found = [*of_strategies(run), *of_tunings(run), *of_targets(run)]
    found += of_gate(run.gate) if run.gate is not None else []
    return sorted(found, key=lambda one: not one.stops)


def other_findings(run: Run) -> list[Found]:
    """The findings that no alert of the gate is about already."""
    told = {one.finding.identity for one in run.gate.differences if one.finding} if run.gate else set()
    return [found for found in findings_of_run(run) if found.finding.identity not in told]


def of_strategies(run: Run) -> Iterator[Alert]:
    """One for each strategy that went wrong in one way without declaring a flaw."""
    for scenario in run.scenarios:
        name = units.clean(scenario.name, 60)
        for info in scenario.strategies:
            cells = [cell for cell in scenario.cells if cell.strategy == info.name]
            for number, problem in enumerate(replace(scenario, cells=cells).problems()):
                yield Alert(
                    level="error",
                    title=f"perfkit: {units.clean(info.name, 60)}",
                    text=units.clean(problem, 500),
                    group=f"perfkit.{name}.strategies",
                    name=units.clean(info.name, 60),
                    rule="strategy-failed",
                    identity=identity("strategy", scenario.name, info.name, str(number)),
                    site=Frame(file_of(scenario), 1, info.name),
                    stops=True,
                )


def of_tunings(run: Run) -> Iterator[Alert]:
    """One for each strategy of which no setting keeps the limits."""
    for tuning in run.tunings:
        problem, (group, name) = tuning.problem(), tuning_key(tuning)
        if problem:
            yield Alert(
                level="error",
                title=f"perfkit tune: {units.clean(tuning.strategy, 60)}",
                text=units.clean(problem, 500),
                group=group,
                name=name,
                rule="tuning-failed",
                identity=identity("tuning", tuning.scenario, tuning.strategy, tuning.world),
                stops=True,
            )


def tuning_key(tuning: Tuning) -> tuple[str, str]:
    """The group and the name of what is said of a tuning."""
    scenario = units.clean(tuning.scenario, 60)
    return f"perfkit.tune.{scenario}", units.clean(f"{tuning.strategy} on {tuning.world}", 120)


def of_targets(run: Run) -> Iterator[Alert]:
    """One for each target that is not met; what could not be measured fails nothing."""
    for target in run.targets:
        if target.met is not True:
            yield _of_target(target)


def _of_target(target: Target) -> Alert:
    missed = target.met is False
    basis = units.clean(target.basis, 300)
    said = units.clean(target.problem() if missed else f"{target.scope}: {target.metric} not measured", 500)
    return Alert(
        level="error" if missed else "warning",
        title=f"perfkit: target {'missed' if missed else 'not measured'}: {units.clean(target.metric, 40)}",
        text=f"{said}\n{basis}".strip(),
        group=TARGETS,
        name=target_name(target),
        rule="target-missed" if missed else "target-unknown",
        identity=identity("target", target.metric, target.scope),
        stops=missed,
    )


def target_name(target: Target) -> str:
    """What a target is about, without its figures."""
    return units.clean(f"{target.metric}: {target.scope}", 200)


def of_gate(gate: Gate) -> list[Alert]:
    """What a reader must act on, what stops the change first; improvements of runs made apart are none."""
    found = [
        _of_difference(one, gate)
        for one in gate.differences
        if gate.strict or one.change is not Change.BETTER
    ]
    tool = _tool(gate)
    found += [_of_timing(one, tool) for one in gate.timings if one.verdict in _OPEN]
    found += [_of_problem(text, tool) for text in gate.problems]
    return sorted(found, key=lambda one: not one.stops)


def _of_difference(one: Difference, gate: Gate) -> Alert:
    row = difference_row(one, gate)
    key = (one.baseline, one.entry, one.metric, one.template, one.state, str(one.size), one.change.value)
    return Alert(
        level="error" if row.stops else "warning",
        title=units.clean(f"{_tool(gate)}: {row.change} {one.metric}", 100),
        text="\n".join(filter(None, (row.says, row.entry, *_told(one)))),
        group=f"perfkit.gate.{units.clean(one.baseline, 100)}",
        name=units.clean(one.entry, 160) or row.change,
        rule=f"gate-{row.change}",
        identity=identity(*key),
        site=one.site,
        stops=row.stops,
    )


def _told(one: Difference) -> tuple[str, ...]:
    """What there is to say of the finding that a difference is about."""
    return finding_row(one.finding).lines if one.finding else ()


def _tool(gate: Gate) -> str:
    """The verb that it is of: only ``compare`` has no baseline to keep true."""
    return "perfkit gate" if gate.strict else "perfkit compare"


def _of_timing(one: Timing, tool: str) -> Alert:
    row, stops = timing_row(one), one.verdict is Verdict.REGRESSED
    figures = [f"{row.name}: {row.verdict}, {row.ratio or 'change not known'}", *row.figures]
    word = "slower" if stops else row.verdict
    return Alert(
        level="error" if stops else "warning",
        title=f"{tool}: {word}",
        text="; ".join(figures),
        group=TIMES,
        name=row.name,
        rule=f"gate-{word}",
        identity=identity("time", one.name, one.verdict.value),
        stops=stops,
        spent_ns=one.real_ns,
    )


def _of_problem(text: str, tool: str) -> Alert:
    said = units.clean(text, 500)
    title = f"{tool}: not compared"
    return Alert(
        "warning",
        title,
        said,
        "perfkit.gate",
        "all compared",
        "gate-inconclusive",
        identity("problem", said),
    )


def identity(*parts: str) -> str:
    """A fingerprint of what tells one alert from another."""
    import hashlib  # late: it loads OpenSSL

    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
