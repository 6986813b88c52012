"""From a stored run to what a report shows: plain dataclasses of final strings and numbers.

All formats are made from this, so they cannot disagree. Nothing here changes the run.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model import Imported, Run, ScenarioResult
from perfkit.report import units
from perfkit.report.view import (
    answers,
    bound_by,
    figures,
    findings,
    fixes,
    gate,
    gate_answers,
    growth,
    headline,
    lanes,
    profiles,
    recorded,
    recorded_answers,
    rule_pages,
    strategies,
    target_answers,
    targets,
    tuned,
)
from perfkit.report.view.answers import Answers
from perfkit.report.view.figures import FigureTable
from perfkit.report.view.findings import FindingRow
from perfkit.report.view.fixes import Fixes
from perfkit.report.view.gate import GateView
from perfkit.report.view.growth import Growth
from perfkit.report.view.headline import Headline
from perfkit.report.view.lanes import Waterfall
from perfkit.report.view.profiles import ProfileTable
from perfkit.report.view.recorded import Recorded
from perfkit.report.view.rule_pages import RulePage
from perfkit.report.view.strategies import World
from perfkit.report.view.targets import Targets
from perfkit.report.view.tuned import Tuned

CLOCKS = {
    "virtual": "virtual: modelled latency on a simulated network; exact, the same on every machine",
    "wall": "wall: real time of this machine; it has noise, and differs from run to run",
}
ELSEWHERE = "that of the machines where the traces were recorded"


@dataclass(frozen=True)
class PredictionRow:
    """What a fix was said to save beside what it did save."""

    size: int
    place: str
    world: str
    rule: str
    fix: str
    predicted: str
    measured: str
    error: str
    relative_error: float
    basis: str


@dataclass(frozen=True)
class ClaimRow:
    """A sentence of the story; ``verdict`` is "holds", "false" or "not told by this run"."""

    says: str
    measured: str
    verdict: str


@dataclass(frozen=True)
class ScenarioView:
    """One scenario, section by section. ``source`` is the result, for drawings made from its numbers."""

    name: str
    title: str
    doc: tuple[str, ...]
    file: str
    worlds: tuple[World, ...]
    figures: tuple[FigureTable, ...]
    fixes: tuple[Fixes, ...]
    predictions: tuple[PredictionRow, ...]
    waterfalls: tuple[Waterfall, ...]
    findings: tuple[FindingRow, ...]
    growth: tuple[Growth, ...]
    claims: tuple[ClaimRow, ...]
    lower_bounds: tuple[str, ...]
    source: ScenarioResult


@dataclass(frozen=True)
class TraceView:
    """The recording of ``perfkit run``."""

    tables: Recorded
    waterfall: Waterfall | None
    findings: tuple[FindingRow, ...]
    profiles: tuple[ProfileTable, ...] = ()


@dataclass(frozen=True)
class AnalysisView:
    """The file that ``perfkit analyze`` read; ``left_out`` are sentences about what it could not."""

    facts: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    findings: tuple[FindingRow, ...]


@dataclass(frozen=True)
class Page:
    """All that a report shows, in its order. ``rules`` are the pages of those that found something."""

    title: str
    outcome: str
    meaning: str
    command: str
    answers: Answers
    headlines: tuple[Headline, ...]
    provenance: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    scenarios: tuple[ScenarioView, ...]
    trace: TraceView | None
    analysis: AnalysisView | None
    tunings: tuple[Tuned, ...]
    gate: GateView | None
    targets: Targets | None
    rules: tuple[RulePage, ...]
    environment: tuple[tuple[str, str], ...]
    clock: str
    noise: str


def page(run: Run) -> Page:
    """The view of ``run``."""
    first = headline.headlines(run)
    asked = _asked(run, first)
    meaning = headline.outcome_meaning(run)
    return Page(
        title=headline.title(run, _effect(run, asked)),
        outcome=run.outcome.name,
        meaning=meaning,
        command=units.clean(" ".join(run.command), 200),
        answers=asked,
        headlines=tuple(first),
        provenance=tuple(headline.provenance(run)),
        problems=tuple(problem for problem in _problems(run) if problem != meaning),
        warnings=tuple(units.clean(sentence, 500) for sentence in headline.warnings_of(run)),
        scenarios=tuple(_scenario(run, scenario) for scenario in run.scenarios),
        trace=_trace(run),
        analysis=_analysis(run) if run.imported else None,
        tunings=tuple(tuned.tuned(run, tuning) for tuning in run.tunings),
        gate=gate.view(run.gate, run.outcome) if run.gate else None,
        targets=targets.of_run(run),
        rules=tuple(rule_pages.of_rules(found.finding.rule for found in findings.of_run(run))),
        environment=tuple(_environment(run)),
        clock=ELSEWHERE if run.imported else CLOCKS.get(run.clock, units.clean(run.clock)),
        noise=_noise(run),
    )


def _asked(run: Run, headlines: list[Headline]) -> Answers:
    if run.gate is not None:
        return gate_answers.of_gate(run)
    if target_answers.alone(run):
        return target_answers.of_targets(run, headlines)
    if run.trace is not None or run.imported is not None:
        return recorded_answers.of_recording(run, headlines[0])
    return answers.of_run(run, headlines)


def _effect(run: Run, asked: Answers) -> str:
    """For the title: what was gained, or what keeps the run from passing."""
    problems = _problems(run)
    return f"{units.plural(len(problems), 'problem')}: {problems[0]}" if problems else asked.effect


def _problems(run: Run) -> list[str]:
    """All but what a gate stops for, which stands in its own section, with more to it."""
    stopped = run.gate.stopping() if run.gate else []
    return [units.clean(sentence, 500) for sentence in run.problems() if sentence not in stopped]


def _scenario(run: Run, scenario: ScenarioResult) -> ScenarioView:
    return ScenarioView(
        name=units.clean(scenario.name, 60),
        title=units.clean(scenario.title, 160),
        doc=tuple(
            units.clean(part.replace("``", ""), 600)
            for part in scenario.doc.split("\n\n")[:4]
            if part.strip()
        ),
        file=units.clean(scenario.file, 200),
        worlds=tuple(strategies.worlds(scenario)),
        figures=tuple(figures.tables(scenario)),
        fixes=tuple(fixes.of_scenario(scenario)),
        predictions=tuple(_predictions(scenario)),
        waterfalls=tuple(lanes.of_scenario(scenario)),
        findings=tuple(found.row for found in findings.of_scenario(scenario, run.gate)),
        growth=tuple(growth.of_scenario(scenario)),
        claims=tuple(_claims(scenario)),
        lower_bounds=tuple(bound_by.lower_bounds(run, scenario)),
        source=scenario,
    )


def _predictions(scenario: ScenarioResult) -> list[PredictionRow]:
    titles = {world.name: world.title or world.name for world in scenario.worlds}
    return [
        PredictionRow(
            size=p.size,
            world=units.clean(p.world, 60),
            place=units.clean(f"{p.size:,} {scenario.unit} on {titles.get(p.world, p.world)}", 200),
            rule=units.clean(p.rule, 20),
            fix=units.clean(f"{p.baseline} to {p.strategy}", 130),
            predicted=units.seconds(p.predicted_saving_ns),
            measured=units.seconds(p.measured_saving_ns),
            error=units.percent(p.error),
            relative_error=p.error,
            basis=units.clean(p.basis, 300),
        )
        for p in scenario.predictions
    ]


def _claims(scenario: ScenarioResult) -> list[ClaimRow]:
    verdicts = {True: "holds", False: "false", None: "not told by this run"}
    return [
        ClaimRow(units.clean(claim.says, 500), units.clean(claim.measured, 500), verdicts[claim.holds])
        for claim in scenario.claims
    ]


def _trace(run: Run) -> TraceView | None:
    if run.trace is None:
        return None
    return TraceView(
        recorded.recorded(run.trace),
        lanes.of_trace(run.trace),
        tuple(found.row for found in findings.of_recording(run)),
        tuple(map(profiles.table, run.profiles)),
    )


def _analysis(run: Run) -> AnalysisView:
    read = run.imported or Imported("", "")
    facts = {
        "File": units.clean(read.source, 200),
        "Format": units.clean(read.format, 40),
        "Traces": units.number(read.traces),
        "Spans": units.number(read.spans),
    }
    return AnalysisView(
        tuple(facts.items()),
        tuple(units.clean(sentence, 500) for sentence in read.left_out),
        tuple(found.row for found in findings.of_recording(run)),
    )


def _environment(run: Run) -> list[tuple[str, str]]:
    machine, environment = run.machine, run.machine.environment
    facts = {
        "Python": f"{environment.implementation} {environment.python}",
        "System": f"{environment.system} {environment.machine}, {units.plural(environment.cpus, 'core')}",
        "Packages": ", ".join(f"{name} {version}" for name, version in sorted(environment.packages.items())),
        "Command": " ".join(run.command),
        "Real time": units.seconds(machine.real_ns) if machine.real_ns else "",
        "Run document": f"schema {run.schema}",
    }
    return [(name, units.clean(value)) for name, value in facts.items() if value]


def _noise(run: Run) -> str:
    """How far samples of one cell lie apart at most."""
    spreads = [
        (max(times) - min(times)) / (cell.elapsed_ns or 1)
        for scenario in run.scenarios
        for cell in scenario.cells
        if len(times := [sample.elapsed_ns for sample in cell.samples]) > 1
    ]
    if run.clock == "virtual":
        seeds = f"; between seeds up to {100 * max(spreads):.1f} %" if spreads else ""
        return f"none: two runs give the same figures{seeds}"
    if run.imported:
        return "not known: the counts have none"
    if run.gate:
        return "told for each benchmark"
    if run.kind == "trace":
        return "not known: the program ran once"
    if not spreads:
        return "not known: one sample per strategy. Try --repeats 5"
    apart = f"{100 * max(spreads):.1f} %"
    return f"samples of one strategy lie up to {apart} apart; smaller differences prove nothing"
