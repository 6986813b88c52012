"""The main figure of any run."""

from __future__ import annotations

from perfkit.model import Run
from perfkit.report import units
from perfkit.report.view import gate_answers, headline
from perfkit.report.view.headline import Headline
from perfkit.report.view.overview import change, program, scenario
from perfkit.report.view.overview.parts import Figure, Panel

MAX_PANELS = 4


def figure_of(run: Run) -> Figure:
    """What the figure of ``run`` says and draws."""
    heads = headline.headlines(run)
    panels = _panels(run, heads)
    left_out = len(run.scenarios) - MAX_PANELS if run.gate is None else 0
    return Figure(
        outcome=run.outcome.name,
        title=_title(run, heads),
        panels=tuple(panels),
        footer=" · ".join(headline.provenance(run)),
        note=f"and {units.plural(left_out, 'more scenario')} in the report" if left_out > 0 else "",
    )


def _title(run: Run, heads: list[Headline]) -> str:
    problems = run.problems() if run.gate is None else []
    if problems:
        also = f" (and {units.plural(len(problems) - 1, 'more problem')})" if len(problems) > 1 else ""
        return units.clean(problems[0], 99) + also
    if run.gate is not None and (effect := gate_answers.of_gate(run).effect):
        return effect
    if run.gate is not None or len(heads) > 1:
        meaning = headline.outcome_meaning(run)
        return meaning[:1].upper() + meaning[1:]
    return heads[0].effect


def _panels(run: Run, heads: list[Headline]) -> list[Panel]:
    if run.gate is not None:
        return [change.panel(run.gate)]
    shown = zip(run.scenarios[:MAX_PANELS], heads, strict=False)
    panels = [scenario.panel(one, f"{head.name}: {head.gain}") for one, head in shown]
    if run.trace is not None:
        panels.append(program.of_trace(run.trace))
    if run.imported is not None:
        traces = units.plural(run.imported.traces, "trace")
        panels.append(
            program.of_findings(run.findings, f"{traces} of {units.clean(run.imported.source, 60)}")
        )
    return panels
