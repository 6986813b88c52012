"""The first sentences of a report: the verdict, what was gained, what was wrong where, and by what means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from msgspec import structs

from perfkit.bench.recommended import pair, time_ns
from perfkit.bench.tuning.words import goal_shown, setting_shown
from perfkit.model import (
    Cell,
    Finding,
    Gate,
    Imported,
    Outcome,
    Run,
    ScenarioResult,
    Trace,
    Tuning,
    unpack,
)
from perfkit.model.split import split_trace
from perfkit.report import units
from perfkit.report.view import bound_by, gate, goals
from perfkit.report.view.bound_by import BoundBy
from perfkit.report.view.words import measured, sentence_of, worst_of


@dataclass(frozen=True)
class Headline:
    """What a reader must know of one scenario, recording or file of traces in five seconds; final sentences.

    ``gain`` is the effect in a few words, for titles; ``facts`` are (name, before, after), the first of them
    what it is judged by, ``factor`` how many times that is better. ``anchor`` is the section of the page.
    """

    name: str
    gain: str
    effect: str
    cause: str = ""
    facts: tuple[tuple[str, str, str], ...] = ()
    bound_by: BoundBy | None = None
    factor: str = ""
    anchor: str = ""


MAX_TITLE = 120
"""Characters of a page's title: more are cut by every browser and list."""


def title(run: Run, effect: str) -> str:
    """The verdict and its effect in one line.

    The outcome comes first, so that it can be read in a browser's tab.
    """
    room = MAX_TITLE - len(f"{run.outcome.name} -  - perfkit")
    said = units.clean(effect, 2 * MAX_TITLE)
    said = f"{said[: room - 1]}…" if len(said) > room else said
    return " - ".join(part for part in (run.outcome.name, said, "perfkit") if part)


def gains(headlines: list[Headline]) -> str:
    """What all headlines gained, in a line."""
    return "; ".join(f"{h.name}: {h.gain}" if h.name else h.gain for h in headlines if h.gain)


def headlines(run: Run) -> list[Headline]:
    """One headline per scenario; for a recorded program or a file of traces the one about that."""
    found = [
        replace(_of_scenario(run, scenario), anchor=f"s{number}")
        for number, scenario in enumerate(run.scenarios, 1)
    ]
    if run.trace is not None:
        found.append(_of_trace(run))
    found += [
        replace(_of_tuning(tuning), anchor=f"t{number}") for number, tuning in enumerate(run.tunings, 1)
    ]
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
    if run.clock == "wall" and (run.gate is not None or run.trace is not None):
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
    if _targets_alone_are_open(run):
        return f"no target could be measured, of {len(run.targets)} declared; why stands beside each"
    if run.gate is not None and (run.outcome is not Outcome.FAIL or run.gate.stopping()):
        return gate.headline(run.gate, run.outcome)
    if run.outcome is Outcome.FAIL:
        return _failed(run)
    if run.outcome is Outcome.INCONCLUSIVE:
        nothing = "no operation could be read" if run.imported else "nothing was measured"
        if run.kind == "trace" and run.interrupted:
            how = f" ({ended(run)})" if ended(run) else ""
            return f"killed before its end{how}: the last second may be missing"
        if run.targets and not run.interrupted:
            return f"none of {units.plural(len(run.targets), 'target')} could be measured"
        return "interrupted before the end" if run.interrupted else nothing
    if run.imported:
        return (
            "read in part; what was left out is listed below" if run.imported.left_out else "read to the end"
        )
    if run.tunings:
        return "a setting that keeps the limits was found"
    if run.scenarios:
        return "every strategy that claims to be right answered, and all their answers are equal"
    return (
        f"recorded to the end; {ended(run)}" if run.kind == "trace" and ended(run) else "recorded to the end"
    )


def _failed(run: Run) -> str:
    """The one problem itself; of several, or beside a comparison, how many there are."""
    problems = run.problems()
    if len(problems) == 1 and run.gate is None:
        return units.clean(problems[0], 200)
    if len(problems) == sum(target.met is False for target in run.targets):
        return f"{len(problems)} of {units.plural(len(run.targets), 'target')} missed"
    return f"{units.plural(len(problems), 'problem')}, listed below"


def _targets_alone_are_open(run: Run) -> bool:
    """Whether it is inconclusive, and would not be without its targets."""
    without = structs.replace(run, targets=[])
    return bool(run.targets) and run.outcome is Outcome.INCONCLUSIVE and without.outcome is Outcome.PASS


def ended(run: Run) -> str:
    """How a recorded program failed, or "": the recording says nothing about its success."""
    return next((units.clean(told, 200) for told in run.warnings if told.startswith(ENDED)), "")


ENDED = "the program ended with exit code "
"""How the warning begins that ``perfkit run`` leaves about a program that failed."""


def _of_scenario(run: Run, scenario: ScenarioResult) -> Headline:
    name, bound = units.clean(scenario.name, 60), bound_by.of_scenario(run, scenario)
    found = pair(scenario)
    if found is None:
        return Headline(name, "no baseline", "No baseline was measured, so there is nothing to compare with.")
    base, best = found.baseline, found.best
    at = at_cell(scenario, base)
    cause = _cause(scenario, base)
    slow_ns, measure = time_ns(scenario, base) or 0, goals.name(scenario)
    slow, goal = units.seconds(slow_ns), "" if measure == goals.ELAPSED else measure
    if best is None:
        alone = f"{units.clean(base.strategy, 60)} takes {slow}{f' ({goal})' if goal else ''} {at}"
        effect = f"{alone}; no other strategy answers right and sooner."
        return Headline(name, "no faster strategy", effect, cause, (), bound)
    fast_ns = time_ns(scenario, best) or 0
    fast, times = units.seconds(fast_ns), units.factor(slow_ns, fast_ns)
    winner, loser = units.clean(best.strategy, 60), units.clean(base.strategy, 60)
    gained = f": {times}," if times else ""  # of no time at all there is no factor
    effect = f"{winner} answers in {fast} where {loser} takes {slow}{gained} {at}."
    if goal:
        effect = f"{goal} is {fast} with {winner} where it is {slow} with {loser}{gained} {at}."
    facts: tuple[tuple[str, str, str], ...] = (
        (goal or "time", slow, fast),
        *_operations(base, best),
        *_peak(base, best),
    )
    gain = f"{winner} {times} faster than {loser}" if times else f"{winner} faster than {loser}"
    return Headline(name, gain, effect, cause, facts, bound, factor=times)


def at_cell(scenario: ScenarioResult, cell: Cell) -> str:
    """Its size and world, as the end of a sentence."""
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
    saved = measured(scenario, cell, worst)
    return sentence_of(worst, f", {saved}" if saved else "")


def warnings_of(run: Run) -> list[str]:
    """What to know of the run beside what was left out of a file, which stands by itself."""
    left_out = run.imported.left_out if run.imported else []
    return [warning for warning in run.warnings if warning not in left_out]


def _of_trace(run: Run) -> Headline:
    assert run.trace is not None  # noqa: S101 - the caller looked
    trace = unpack(run.trace)
    worst, whole = worst_of(run.findings), units.seconds(trace.duration_ns)
    gain = units.plural(len(run.findings), "finding")
    effect = f"The program took {whole}{_most(trace)}; {gain}."
    if run.interrupted:
        effect = f"Of the program {whole} were recorded{_most(trace)}; {gain}."
        if not trace.spans:
            effect = "The program was killed before any of its operations was recorded."
            return Headline("", "nothing was recorded", effect)
    bound, cause = bound_by.of_trace(run, trace), sentence_of(worst) if worst else ""
    return Headline("", f"{gain} in {whole}", effect, cause, (), bound)


def _most(trace: Trace) -> str:
    """What most of the time went into; with several threads one part may be more than the whole."""
    parts = split_trace(trace).parts
    if not parts:
        return ""
    name, part_ns = parts[0]
    if part_ns > trace.duration_ns:
        return f", most of it {name}"
    what = "waiting for something that was not watched" if name == "other" else name
    return f", of which {units.seconds(part_ns)} {what}"


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
