"""The first sentences of a report: the verdict, what was gained, what was wrong where, and by what means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.bench.tuning.words import goal_shown, setting_shown
from perfkit.model import (
    Cell,
    Finding,
    Gate,
    Imported,
    Outcome,
    Run,
    ScenarioResult,
    StrategyInfo,
    Tuning,
    unpack,
)
from perfkit.report import units
from perfkit.report.view import bound_by, gate, goals
from perfkit.report.view.bound_by import BoundBy


@dataclass(frozen=True)
class Headline:
    """What a reader must know of one scenario, recording or file of traces in five seconds; final sentences.

    ``gain`` is the effect in a few words, for titles; ``facts`` are (name, before, after).
    """

    name: str
    gain: str
    effect: str
    cause: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    bound_by: BoundBy | None = None


@dataclass(frozen=True)
class Pair:
    """A baseline's cell and the fastest right answer of the same group, if any beats it."""

    baseline: Cell
    best: Cell | None


def title(run: Run, headlines: list[Headline]) -> str:
    """The verdict in one line.

    The outcome comes first, so that it can be read in a browser's tab.
    """
    gains = "; ".join(f"{h.name}: {h.gain}" if h.name else h.gain for h in headlines if h.gain)
    return " - ".join(part for part in (run.outcome.name, units.clean(gains, 120), "perfkit") if part)


def headlines(run: Run) -> list[Headline]:
    """One headline per scenario; for a recorded program or a file of traces the one about that."""
    found = [_of_scenario(run, scenario) for scenario in run.scenarios]
    if run.trace is not None:
        found.append(_of_trace(run))
    found += [_of_tuning(tuning) for tuning in run.tunings]
    if run.gate is not None:
        found.append(_of_gate(run.gate, run.outcome))
    if run.imported is not None:
        found.append(_of_imported(run.findings, run.imported))
    return found or [Headline("", "nothing measured", "Nothing was measured.")]


def provenance(run: Run) -> list[str]:
    """Clock, seed, revision, Python, perfkit and date, as far as they are known."""
    machine = run.machine
    environment = machine.environment
    # a file of traces was recorded elsewhere: neither clock nor seed is ours
    parts = [] if run.imported else [f"{run.clock} clock", f"seed {run.seed}"]
    if run.gate is not None and run.clock == "wall":
        del parts[1:]  # what was timed has no seed of ours
    if machine.git is not None:
        dirty = " with uncommitted changes" if machine.git.dirty else ""
        parts.append(
            f"git {units.clean(machine.git.revision[:12])} ({units.clean(machine.git.branch, 60)}){dirty}"
        )
    parts.append(f"{units.clean(environment.implementation)} {units.clean(environment.python)}")
    parts.append(f"perfkit {units.clean(run.perfkit) or 'of unknown version'}")
    if machine.created:
        parts.append(units.clean(machine.created))
    return parts


def outcome_meaning(run: Run) -> str:
    """What the verdict stands for, in a sentence."""
    if run.gate is not None:
        return gate.headline(run.gate, run.outcome)
    if run.outcome is Outcome.FAIL:
        return f"{units.plural(len(run.problems()), 'problem')}, listed below"
    if run.outcome is Outcome.INCONCLUSIVE:
        nothing = "no operation could be read" if run.imported else "nothing was measured"
        return "interrupted before the end" if run.interrupted else nothing
    if run.imported:
        return (
            "read in part; what was left out is listed below" if run.imported.left_out else "read to the end"
        )
    if run.tunings:
        return "a setting that keeps the limits was found"
    if run.scenarios:
        return "every strategy that claims to be right answered, and all their answers are equal"
    return "recorded to the end"


def middle(sizes: list[int]) -> int:
    """The size that is shown first.

    >>> middle([20, 200, 2000])
    200
    """
    return sorted(sizes)[len(sizes) // 2]


def pair(scenario: ScenarioResult) -> Pair | None:
    """The first baseline that was measured, at the middle size before all others, and what beat it."""
    for cell in _baselines(scenario):
        group = scenario.strategy(cell.strategy).group
        rivals = [
            rival
            for info in scenario.strategies
            if info.group == group
            and (rival := scenario.cell(cell.world, info.name, cell.size)) is not None
            and _is_right(scenario, info, rival)
        ]  # fmt: skip
        times = {rival.strategy: goals.time_ns(scenario, rival) or 0 for rival in rivals}
        best = min(rivals, key=lambda rival: times[rival.strategy], default=None)
        sooner = best is not None and times[best.strategy] < (goals.time_ns(scenario, cell) or 0)
        return Pair(cell, best if sooner else None)
    return None


def _baselines(scenario: ScenarioResult) -> Iterator[Cell]:
    if not scenario.sizes:
        return
    first = middle(scenario.sizes)
    names = [info.name for info in scenario.strategies if info.baseline]
    for size in (first, *(size for size in reversed(scenario.sizes) if size != first)):
        for world in scenario.worlds:
            for name in names:
                cell = scenario.cell(world.name, name, size)
                if cell is not None and goals.time_ns(scenario, cell) is not None:
                    yield cell


def _is_right(scenario: ScenarioResult, info: StrategyInfo, cell: Cell) -> bool:
    if info.flaw or info.baseline or goals.time_ns(scenario, cell) is None:
        return False
    return cell.status == "ok" and cell.agrees is not False


def _of_scenario(run: Run, scenario: ScenarioResult) -> Headline:
    name, bound = units.clean(scenario.name, 60), bound_by.of_scenario(run, scenario)
    found = pair(scenario)
    if found is None:
        return Headline(name, "no baseline", "No baseline was measured, so there is nothing to compare with.")
    base, best = found.baseline, found.best
    place = _place(scenario, base)
    cause = _cause(scenario, base)
    slow_ns, measure = goals.time_ns(scenario, base) or 0, goals.name(scenario)
    slow, goal = units.seconds(slow_ns), "" if measure == goals.ELAPSED else measure
    if best is None:
        alone = f"{units.clean(base.strategy, 60)} takes {slow}{f' ({goal})' if goal else ''} {place}"
        effect = f"{alone}; no other strategy answers right and sooner."
        return Headline(name, "no faster strategy", effect, cause, (), bound)
    fast_ns = goals.time_ns(scenario, best) or 0
    fast, times = units.seconds(fast_ns), units.factor(slow_ns, fast_ns)
    winner, loser = units.clean(best.strategy, 60), units.clean(base.strategy, 60)
    effect = f"{winner} answers in {fast} where {loser} takes {slow}: {times}, {place}."
    if goal:
        effect = f"{goal} is {fast} with {winner} where it is {slow} with {loser}: {times}, {place}."
    facts: tuple[tuple[str, str, str], ...] = (
        (goal or "time", slow, fast),
        *_operations(base, best),
        *_peak(base, best),
    )
    return Headline(name, f"{winner} {times} faster than {loser}", effect, cause, facts, bound)


def _place(scenario: ScenarioResult, cell: Cell) -> str:
    world = next((w.title or w.name for w in scenario.worlds if w.name == cell.world), cell.world)
    return f"at {cell.size:,} {units.clean(scenario.unit, 60)} on {units.clean(world, 80)}"


def _operations(base: Cell, best: Cell) -> Iterator[tuple[str, str, str]]:
    for key, word in (("request", "requests"), ("query", "queries")):
        if base.counters.get(key):
            yield word, f"{base.counters[key]:,}", f"{best.counters.get(key, 0):,}"


def _peak(base: Cell, best: Cell) -> Iterator[tuple[str, str, str]]:
    if base.peak_in_flight != best.peak_in_flight:
        yield "in flight at most", f"{base.peak_in_flight:,}", f"{best.peak_in_flight:,}"


def _cause(scenario: ScenarioResult, cell: Cell) -> str:
    """The costliest finding of the baseline, with what its fix was said to save and did save."""
    worst = worst_of(cell.findings)
    if worst is None:
        return ""
    measured = ""
    for prediction in scenario.predictions:
        key = (prediction.world, prediction.size, prediction.rule, prediction.baseline)
        if key == (cell.world, cell.size, worst.rule, cell.strategy):
            saved = units.seconds(prediction.measured_saving_ns)
            measured = f", measured {saved} with {units.clean(prediction.strategy, 60)}"
            break
    return sentence_of(worst, measured)


def sentence_of(finding: Finding, measured: str = "", *, imported: bool = False) -> str:
    """Rule, place, count and saving of a finding in one sentence; its evidence where it cost no time."""
    saving = f"predicted saving {units.seconds(finding.saving_ns)}" if finding.saving_ns is not None else ""
    tail = f"; {saving or 'no prediction'}{measured}" if saving or measured else ""
    rule, name = units.clean(finding.rule, 20), units.clean(finding.name, 60)
    spent = f"{times(finding, imported=imported)}, {units.seconds(finding.spent_ns)}"
    if not is_timed(finding):
        spent = units.clean(finding.evidence[0], 300) if finding.evidence else "cost no time"
    return f"{rule} {name} {place_of(finding)}: {spent}{tail}."


def place_of(finding: Finding) -> str:
    """The line to edit, or the spans around it where the trace names no lines."""
    if finding.site:
        return f"at {units.clean(str(finding.site), 160)}"
    return f"under {units.clean(finding.place, 160)}" if finding.place else "at a place that is not known"


def is_timed(finding: Finding) -> bool:
    """Whether it is about operations and their time, and not about answers or counters."""
    return finding.spent_ns > 0 or finding.saving_ns is not None


def times(finding: Finding, *, imported: bool = False) -> str:
    """How often, and in how many traces if several were read; of a recording the evidence says more.

    >>> times(Finding("PK101", "n", "SELECT ?", 2000, 0, traces=400), imported=True)
    '2,000 times in 400 traces'
    """
    count = units.plural(finding.count, "time")
    return f"{count} in {units.number(finding.traces)} traces" if imported and finding.traces > 1 else count


def warnings_of(run: Run) -> list[str]:
    """What to know of the run beside what was left out of a file, which stands by itself."""
    left_out = run.imported.left_out if run.imported else []
    return [warning for warning in run.warnings if warning not in left_out]


def worst_of(findings: list[Finding]) -> Finding | None:
    """The finding with the largest predicted saving, else the largest time spent."""
    return max(findings, key=lambda f: (f.saving_ns or 0, f.spent_ns), default=None)


def _of_trace(run: Run) -> Headline:
    assert run.trace is not None  # noqa: S101 - the caller looked
    trace = unpack(run.trace)
    bound, waited = bound_by.of_trace(run, trace), bound_by.waiting(trace)
    worst = worst_of(run.findings)
    whole = units.seconds(trace.duration_ns)
    gain = units.plural(len(run.findings), "finding")
    waiting = f", of which {units.seconds(waited[0])} waiting on {waited[1]}" if waited else ""
    effect = f"The program took {whole}{waiting}; {gain}."
    return Headline("", f"{gain} in {whole}", effect, sentence_of(worst) if worst else "", (), bound)


def _of_tuning(tuning: Tuning) -> Headline:
    """The choice and what it is worth; the knee as its cause."""
    name, chosen = units.clean(tuning.scenario, 60), tuning.point(tuning.chosen)
    if chosen is None or chosen.goal is None:
        effect = f"No setting of {units.clean(tuning.strategy, 60)} was found that keeps the limits."
        return Headline(name, "no setting found", effect)
    setting = units.clean(setting_shown(chosen.parameters), 100)
    declared = tuning.point(tuning.defaults)
    gain = ""
    if declared is not None and declared.goal and chosen.goal and declared is not chosen:
        before = goal_shown(tuning.goal, declared.goal)
        gain = f", {units.factor(declared.goal, chosen.goal)} less than as declared ({before})"
    place = f"at {tuning.size:,} {units.clean(tuning.unit, 60)} on {units.clean(tuning.world_title, 80)}"
    measure, goal = goals.spelled(tuning.goal), goal_shown(tuning.goal, chosen.goal)
    goal = goal if measure == goals.ELAPSED else f"{measure} {goal}"
    effect = f"{units.clean(tuning.strategy, 60)} does best with {setting}: {goal}{gain}, {place}."
    knee = next((sentence for sentence in tuning.sentences if "Little" in sentence), "")
    return Headline(name, setting, effect, units.clean(knee, 400))


def _of_gate(found: Gate, outcome: Outcome) -> Headline:
    """What was compared; the verdict says what came of it."""
    shown = gate.view(found, outcome)
    timed, checked = units.plural(len(found.timings), "benchmark"), units.plural(found.compared, "line")
    what = shown.compared or (f"{checked} of baselines" if found.compared else timed)
    return Headline("", shown.headline, f"Compared: {what}.")


def _of_imported(findings: list[Finding], read: Imported) -> Headline:
    worst = worst_of(findings)
    gain = units.plural(len(findings), "finding")
    traces, spans = units.plural(read.traces, "trace"), units.plural(read.spans, "span")
    source = units.clean(read.source, 120)
    effect = f"{gain} in {traces} ({spans}) of {source}."
    return Headline("", f"{gain} in {source}", effect, sentence_of(worst, imported=True) if worst else "")
