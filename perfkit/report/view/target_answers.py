"""The five answers about a run that fails for its targets alone: what is missed, where, what would help."""

from __future__ import annotations

from perfkit.model import Finding, Run, Target
from perfkit.report import units
from perfkit.report.view.answers import Answers, explain, how_sure, place, to_do
from perfkit.report.view.headline import Headline, at_cell, gains
from perfkit.report.view.words import worst_of

QUESTIONS = ("What is missed?", "What would a fix save?", "How sure?", "Where?", "What to do?")

TIMES = ("response", "throughput", "query")
"""Metrics that get better when a finding is mended."""

OR_ELSE = "change the limit in [tool.perfkit.targets]"


def alone(run: Run) -> bool:
    """Whether missed targets are all that keeps a bench from passing."""
    missed = sum(target.met is False for target in run.targets)
    return run.gate is None and 0 < missed == len(run.problems())


def of_targets(run: Run, headlines: list[Headline]) -> Answers:
    """About the target that is missed by most, for which ``alone`` is true."""
    worst = min((t for t in run.targets if t.met is False), key=lambda target: target.margin or 0)
    cause = _cause(run, worst)
    # a single one is the headline
    missed = f"{units.clean(worst.problem(), 300)}." if len(run.problems()) > 1 else ""
    if cause is None:
        return Answers(
            QUESTIONS,
            worse=missed,
            how_sure=how_sure(run),
            what_to_do=f"Make it better, or {OR_ELSE}.",
            effect=gains(headlines),
        )
    site, statement = place(cause)
    saving = "" if cause.saving_ns is None else f"{units.seconds(cause.saving_ns)}, as predicted."
    return Answers(
        QUESTIONS,
        worse=missed,
        how_much=saving,
        how_sure=how_sure(run),
        where=site,
        statement=statement,
        what_to_do=f"{to_do(cause)} Or {OR_ELSE}.",
        explain=explain(cause),
        effect=gains(headlines),
    )


def _cause(run: Run, target: Target) -> Finding | None:
    """The costliest finding of the cell that the target is about, where mending it helps."""
    for scenario in run.scenarios if target.metric in TIMES else ():
        for cell in scenario.cells:
            scope = f"{scenario.name}: {cell.strategy} {at_cell(scenario, cell)}"
            if scope == units.clean(target.scope, 400):
                return worst_of(cell.findings)
    return None
