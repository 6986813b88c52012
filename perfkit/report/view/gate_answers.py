"""The five answers about a change: a gate, a comparison, or a run beside another one."""

from __future__ import annotations

import math

from perfkit.model import Change, Difference, Finding, Gate, Outcome, Run, Timing, Verdict
from perfkit.report import units
from perfkit.report.view import changes
from perfkit.report.view import gate as gates
from perfkit.report.view.answers import Answers, Fact, explain, place, to_do
from perfkit.report.view.changes import Changed
from perfkit.report.view.words import worst_of

QUESTIONS = ("Did it get worse?", "By how much?", "How sure?", "Where?", "What to do?")

MAX_FACTS = 4
"""Figures of the first screen; the table below has all."""

SHOWN = 3
"""Figures, and places, that a sentence has room for."""

TIME = "time"
ASKED = tuple(map(changes.metric_name, changes.COUNTED))


def of_gate(run: Run) -> Answers:
    """What came of a comparison. Raises AssertionError for a run that has none."""
    assert run.gate is not None  # noqa: S101 - the caller looked
    gate = run.gate
    lead, slowest = changes.heaviest(gate), _slowest(gate)
    finding = _finding(gate, lead)
    site, statement = _place(lead, finding, slowest)
    rows = _rows(gate, lead, slowest)
    return Answers(
        QUESTIONS,
        worse=_worse(run, gate),
        how_much=_how_much(gate, lead, rows),
        how_sure=_how_sure(run, gate, slowest),
        where=site,
        statement=statement,
        what_to_do=_to_do(run, gate, lead, finding, slowest),
        explain=explain(finding) if finding and _is_worse(lead) else "",
        record=changes.record(lead) if lead and gate.strict else "",
        record_when="if it is meant" if lead and gate.stops(lead) and _is_new(lead) else "record it",
        facts=tuple(_fact(row, rows[0].of) for row in rows[:MAX_FACTS]),
        effect=_effect(run, gate, rows),
    )


def _worse(run: Run, gate: Gate) -> str:
    """Yes, no, or that it cannot be told; what that rests on."""
    rests = gates.headline(gate, run.outcome if run.interrupted or gate.stopping() else gate.outcome)
    if gate.stopping():
        bad = any(_is_worse(one) and gate.stops(one) for one in gate.differences) or _slowest_of(
            gate, Verdict.REGRESSED
        )
        return f"Yes: {rests}." if bad else f"No, but it changed: {rests}."
    if _targets_are_open(run, gate):
        return f"No: {rests}. But no target could be measured, of {len(run.targets)} declared."
    if run.outcome is Outcome.INCONCLUSIVE:
        return f"It cannot be told: {rests}."
    if run.outcome is Outcome.FAIL:
        return f"No: {rests}. It fails for something else: {units.clean(run.problems()[0], 300)}."
    return f"No: {rests}."


def _targets_are_open(run: Run, gate: Gate) -> bool:
    """Whether nothing but targets that could not be measured leaves it open."""
    passed = gate.outcome is Outcome.PASS and not run.interrupted
    return passed and run.outcome is Outcome.INCONCLUSIVE


def _is_worse(one: Difference | None) -> bool:
    return one is not None and changes.is_more(one)


def _is_new(one: Difference) -> bool:
    return changes.is_more(one) or one.change is Change.NEW


def _slowest_of(gate: Gate, verdict: Verdict) -> Timing | None:
    found = [timing for timing in gate.timings if timing.verdict is verdict]
    return max(found, key=lambda timing: timing.ratio or 0, default=None)


def _slowest(gate: Gate) -> Timing | None:
    """The benchmark to tell of: the one that slowed down most, else one undecided, else the most improved."""
    better = [timing for timing in gate.timings if timing.verdict is Verdict.IMPROVED]
    return (
        _slowest_of(gate, Verdict.REGRESSED)
        or _slowest_of(gate, Verdict.INCONCLUSIVE)
        or min(better, key=lambda timing: timing.ratio or 1, default=None)
    )


def _finding(gate: Gate, lead: Difference | None) -> Finding | None:
    """The finding that explains the lead: its own, or one of the same strategy in the same direction."""
    if lead is None:
        return None
    if lead.finding is not None:
        return lead.finding
    beside = [
        one.finding
        for one in changes.beside(gate, lead)
        if one.finding is not None and one.change is lead.change
    ]
    return worst_of(beside)


def _place(lead: Difference | None, finding: Finding | None, slowest: Timing | None) -> tuple[str, str]:
    if finding is not None:
        return place(finding)
    if lead is not None:
        at = units.clean(str(lead.site), 160) if lead.site else changes.figure(lead).of
        return at, units.clean(lead.template, 300)
    timed = slowest is not None and slowest.verdict is not Verdict.NO_CHANGE
    return (units.clean(slowest.name, 160) if slowest and timed else ""), ""


def _rows(gate: Gate, lead: Difference | None, slowest: Timing | None) -> list[Changed]:
    """The figures of the lead's strategy, counters first; then the worst of each other one, then times."""
    beside = changes.beside(gate, lead) if lead else []
    found = [changes.figure(one, stops=gate.stops(one)) for one in beside if _is_figure(one)]
    totals = {row.what for row in found if not row.template}
    found = [row for row in found if not row.template or row.what not in totals]
    rows = _told(sorted(found, key=lambda row: (row.tone != "worse", row.is_time, row.template != "")))
    rows += [changes.figure(one, stops=gate.stops(one)) for one in _others(gate, lead)]
    if slowest is not None and slowest.ratio is not None:
        slower = [one for one in gate.timings if one.verdict is Verdict.REGRESSED and one is not slowest]
        slower.sort(key=lambda one: -(one.ratio or 0))
        rows += changes.times([slowest, *slower])
    return rows


def _is_figure(one: Difference) -> bool:
    return bool(changes.figure(one).before)


def _others(gate: Gate, lead: Difference | None) -> list[Difference]:
    """The heaviest figure of each other strategy that is in the same direction."""
    if lead is None:
        return []
    found: dict[tuple[str, str], Difference] = {}
    for group in changes.groups(gate):
        one = group[0]
        alike = changes.is_more(one) is changes.is_more(lead) and not (
            one.metric == "time_ns" and one.template
        )
        if alike and _is_figure(one):
            found.setdefault((one.baseline, changes.entry_of(one)), one)
    found.pop((lead.baseline, changes.entry_of(lead)), None)
    return list(found.values())


def _how_much(gate: Gate, lead: Difference | None, rows: list[Changed]) -> str:
    """Each strategy's figures after its name."""
    of: dict[str, list[str]] = {}
    for row in rows:
        of.setdefault(row.of, []).append(row.sentence if row.before else row.change)
    parts = [f"{name}: {'; '.join(said)}" if name else "; ".join(said) for name, said in of.items()]
    if lead is not None and not any(row.what != TIME for row in rows):
        parts.insert(0, changes.first_clause(lead))
    if not parts:
        return "Nothing changed." if gate.compared or gate.timings else ""
    more = f" And {units.plural(len(parts) - SHOWN, 'more place')}." if len(parts) > SHOWN else ""
    return ". ".join(units.clean(part, 500) for part in parts[:SHOWN]) + "." + more


def _told(rows: list[Changed]) -> list[Changed]:
    """What was asked of others, else any other counters; and the first time."""
    counters = [row for row in rows if not row.is_time]
    asked = [row for row in counters if row.what in ASKED] or counters
    return [*asked[: SHOWN - 1], *[row for row in rows if row.is_time][:1]]


def _how_sure(run: Run, gate: Gate, slowest: Timing | None) -> str:
    parts = []
    if gate.compared or any(one.before is not None for one in gate.differences):
        times = any(one.metric == "time_ns" for one in gate.differences)
        virtual = gate.strict or times or run.clock == "virtual"
        parts.append(f"Exact: {'counters and virtual time' if virtual else 'counters'} have no noise.")
        if not virtual and not gate.timings:
            parts.append("Times are not compared.")
    if slowest is not None and (sure := changes.interval(slowest)):
        pairs = f", {slowest.pairs} pairs" if slowest.pairs else ""
        parts.append(f"{_level(slowest)} interval {sure}{pairs}{_finds(slowest)}.")
    elif slowest is not None and slowest.reason:
        parts.append(f"{units.clean(slowest.name, 100)}: {units.clean(slowest.reason, 200)}.")
    elif known := [one.detectable for one in gate.timings if one.detectable is not None]:
        parts.append(
            f"This run finds slowdowns from {100 * max(known):.1f} %; of smaller ones it says nothing."
        )
    return " ".join(parts)


def _level(timing: Timing) -> str:
    """How often such an interval holds the truth, rounded down; the more benchmarks the higher for each."""
    return f"{math.floor(1000 * timing.level + 1e-6) / 10:g} %"


def _finds(timing: Timing) -> str:
    if timing.detectable is None:
        return ""
    return f"; this run finds slowdowns from {100 * timing.detectable:.1f} %"


def _to_do(
    run: Run, gate: Gate, lead: Difference | None, finding: Finding | None, slowest: Timing | None
) -> str:
    if run.outcome is Outcome.PASS:
        return "Nothing."
    missed = [target for target in run.targets if target.met is False]
    if missed and not gate.stopping():
        return "Make it faster, or change the limit in [tool.perfkit.targets]."
    if _targets_are_open(run, gate):
        why = units.clean(run.targets[0].basis, 200)
        return f"Have a target measured ({why}), or take it out of [tool.perfkit.targets]."
    if finding is not None and _is_worse(lead):
        return to_do(finding)
    if lead is not None and (gate.stops(lead) or changes.record(lead)):
        return _of_difference(lead)
    if slowest is not None and slowest.verdict is Verdict.REGRESSED:
        node = units.clean(slowest.name, 160)
        if "::" in slowest.name:
            return f"Profile it in both revisions: perfkit run --cpu -m pytest {node}"
        return f"Profile {node} in both revisions with perfkit run --cpu."
    if run.outcome is Outcome.FAIL:
        return "Mend what the problems above name."
    if lead is not None:
        return f"{units.clean(changes.first_clause(lead), 300)}."
    if slowest is not None:
        return f"{node_reason(slowest)}; measure again on a quiet machine, or with more pairs."
    return f"{units.clean(gate.problems[0], 300)}." if gate.problems else "Compare two runs of the same work."


def node_reason(timing: Timing) -> str:
    """Why a benchmark is undecided, with its name."""
    return units.clean(f"{timing.name}: {timing.reason or 'could not be decided'}", 300)


def _of_difference(one: Difference) -> str:
    if not one.change.stops:
        return "Record it anew: there is nothing to compare with."
    if one.change is Change.UNSEEN:
        return "See that the library is still watched: perfkit list."
    if one.change in (Change.BETTER, Change.VANISHED):
        return "Record it, so that it stays so."
    if one.change is Change.NEW:
        return "Record it if it is meant; else take it out."
    if one.metric == "time_ns":
        return "Find what takes longer: compare the waterfalls of both runs."
    if one.site is not None:
        return f"Look at {units.clean(str(one.site), 160)}: it makes more of it than before."
    return "Look at what changed there: it does more than before."


def _effect(run: Run, gate: Gate, rows: list[Changed]) -> str:
    """For the title: the first figures, else what the verdict rests on."""
    told = [row for row in rows if row.change][: SHOWN + 1]
    if _targets_are_open(run, gate):
        return "no target could be measured"
    if not told or not (gate.stopping() or run.outcome is Outcome.PASS):
        return gates.headline(gate, gate.outcome)
    last, parts = "", list[str]()
    for row in told:
        parts.append(f"{f'{row.of}: ' if row.of != last else ''}{row.what} {row.change}")
        last = row.of
    return ", ".join(parts)


def _fact(row: Changed, lead: str) -> Fact:
    """The strategy is named where it is not the one that the others are about."""
    of = row.template or (row.of if row.of != lead else "")
    name = units.clean(f"{row.what}: {of}" if of else row.what, 120)
    sure = ", ".join(filter(None, (row.growth, row.interval)))
    return Fact(name, row.before, row.after, row.change, sure, row.tone)
