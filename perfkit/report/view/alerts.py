"""What a reader of a run must act on beside its findings, for formats that are lists of problems.

What a gate found, strategies and tunings that went wrong, targets that are missed or could not be measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from perfkit.model import Frame, Run, Target, Tuning
from perfkit.report import units
from perfkit.report.view import gate
from perfkit.report.view.findings import Found, file_of
from perfkit.report.view.findings import of_run as findings_of_run
from perfkit.report.view.gate import Alert

TARGETS = "perfkit.targets"
"""The group of alerts about targets."""

RULES = {
    **gate.RULES,
    "strategy-failed": "A strategy failed, or gave another answer than the baseline.",
    "tuning-failed": "No setting keeps the limits.",
    "target-missed": "A target is missed.",
    "target-unknown": "A target could not be measured.",
}
"""What each kind of alert means, in a sentence."""


def of_run(run: Run) -> list[Alert]:
    """All alerts, what the run fails for first."""
    found = [*of_strategies(run), *of_tunings(run), *of_targets(run)]
    found += gate.alerts(run.gate) if run.gate is not None else []
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
                    identity=gate.identity("strategy", scenario.name, info.name, str(number)),
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
                identity=gate.identity("tuning", tuning.scenario, tuning.strategy, tuning.world),
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
        identity=gate.identity("target", target.metric, target.scope),
        stops=missed,
    )


def target_name(target: Target) -> str:
    """What a target is about, without its figures."""
    return units.clean(f"{target.metric}: {target.scope}", 200)
