"""The result of ``perfkit gate`` or ``perfkit compare`` as strings: what changed, and how long it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.model import Change, Difference, Gate, Outcome, Timing, Verdict
from perfkit.report import units
from perfkit.report.view import changes
from perfkit.report.view.changes import Changed, clauses, percent
from perfkit.report.view.findings import FindingRow, row

MAX_ROWS = 200
"""Differences and benchmarks that a page shows; the run's JSON has all."""

MAX_SAYS = 600
"""Characters of a difference's sentence. It ends with the command that records it."""

_CHANGES = {
    Change.WORSE: "got worse",
    Change.NEW: "new",
    Change.VANISHED: "gone",
    Change.UNSEEN: "not seen at all",
    Change.BETTER: "got better",
    Change.INPUTS: "measured with other inputs",
    Change.MISSING: "not compared",
}
_VERDICTS = (Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.IMPROVED, Verdict.NO_CHANGE)


@dataclass(frozen=True)
class DifferenceRow:
    """One line that is no longer true. ``change`` is the word of ``Change``, ``place`` a line of code."""

    change: str
    says: str
    entry: str
    place: str
    stops: bool

    @property
    def clauses(self) -> list[str]:
        """The sentence in its parts."""
        return clauses(self.says)


@dataclass(frozen=True)
class TimingRow:
    """One benchmark. Where a figure is not known the string is empty."""

    name: str
    verdict: str
    base: str
    head: str
    ratio: str
    interval: str
    pairs: str
    noise: str
    detectable: str
    instructions: str
    reason: str

    @property
    def figures(self) -> tuple[str, ...]:
        """All but name, verdict and change, for formats without columns."""
        facts = (
            f"{self.base} -> {self.head}" if self.base and self.head else "",
            f"interval {self.interval}" if self.interval else "",
            f"{self.pairs} pairs of processes" if self.pairs else "",
            f"noise {self.noise}" if self.noise else "",
            f"finds slowdowns from {self.detectable}" if self.detectable else "",
            f"instructions {self.instructions}" if self.instructions else "",
            self.reason,
        )
        return tuple(filter(None, facts))


@dataclass(frozen=True)
class GateView:
    """All that formats show of a gate; ``left_out`` says how many rows there was no room for.

    ``changed`` are the figures of ``differences`` and the benchmarks that are not as they were, counters
    first; ``same`` the benchmarks that are. ``new`` and ``fixed`` are findings that one side has alone.
    """

    headline: str
    compared: str
    differences: tuple[DifferenceRow, ...]
    timings: tuple[TimingRow, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: str
    changed: tuple[Changed, ...] = ()
    same: tuple[str, ...] = ()
    new: tuple[FindingRow, ...] = ()
    fixed: tuple[FindingRow, ...] = ()

    @property
    def has_pairs(self) -> bool:
        """Whether any benchmark was measured side by side."""
        return any(row.pairs for row in self.timings)

    @property
    def has_instructions(self) -> bool:
        """Whether instructions were counted for any benchmark."""
        return any(row.instructions for row in self.timings)


def view(gate: Gate, outcome: Outcome) -> GateView:
    """The gate as text, what stops the change first."""
    changed = sorted(gate.differences, key=lambda one: not gate.stops(one))
    timed = sorted(gate.timings, key=lambda one: _VERDICTS.index(one.verdict))
    more = max(0, len(changed) - MAX_ROWS) + max(0, len(timed) - MAX_ROWS)
    sides = [
        units.clean(f"{side} {name}", 160)
        for side, name in (("base", gate.base), ("head", gate.head))
        if name
    ]
    return GateView(
        headline=headline(gate, outcome),
        compared=", ".join(sides),
        differences=tuple(difference_row(one, gate) for one in changed[:MAX_ROWS]),
        timings=tuple(map(timing_row, timed[:MAX_ROWS])),
        problems=tuple(units.clean(text, 500) for text in gate.problems),
        notes=tuple(units.clean(text, 500) for text in gate.notes[:MAX_ROWS]),
        left_out=f"{units.plural(more, 'more row')} not shown here; the run's JSON has all." if more else "",
        changed=tuple(_rows(gate, timed)[:MAX_ROWS]),
        same=tuple(units.clean(one.name, 160) for one in timed if one.verdict is Verdict.NO_CHANGE),
        new=tuple(_findings(gate, (Change.WORSE, Change.NEW), "new")),
        fixed=tuple(_findings(gate, (Change.BETTER, Change.VANISHED), "fixed")),
    )


def _rows(gate: Gate, timed: list[Timing]) -> list[Changed]:
    """Counters, virtual times, then what was timed and is not as it was."""
    counted = sorted(changes.figures(gate), key=lambda row: row.is_time)
    moved = [one for one in timed if one.verdict is not Verdict.NO_CHANGE]
    moved.sort(key=lambda one: (_VERDICTS.index(one.verdict), -abs((one.ratio or 1) - 1)))
    return counted + changes.times(moved)


def _findings(gate: Gate, of: tuple[Change, ...], status: str) -> Iterator[FindingRow]:
    """The findings of differences, each once, the costliest first."""
    found = {
        one.finding.identity: one.finding
        for one in gate.differences
        if one.finding is not None and one.change in of
    }
    for finding in sorted(found.values(), key=lambda one: (-(one.saving_ns or 0), -one.spent_ns)):
        yield row(finding, status=status)


def headline(gate: Gate, outcome: Outcome) -> str:
    """What the verdict rests on, in a sentence.

    >>> headline(Gate(timings=[Timing("a", Verdict.NO_CHANGE, detectable=0.019)]), Outcome.PASS)
    '1 benchmark, no change; smallest detectable slowdown 1.9 %'
    """
    if outcome is Outcome.FAIL:
        parts = [*_changed(gate, stopping=True), *_slower(gate)]
    elif outcome is Outcome.PASS:
        parts = [*_held(gate), *_quiet(gate)]
    else:
        undecided = sum(timing.verdict is Verdict.INCONCLUSIVE for timing in gate.timings)
        parts = [units.clean(text, 300) for text in gate.problems[:1]] + list(_changed(gate, stopping=False))
        if undecided:
            parts.append(
                f"{undecided} of {units.plural(len(gate.timings), 'benchmark')} could not be decided"
            )
    return "; ".join(parts) or ("interrupted before the end" if _any(gate) else "nothing was compared")


def _any(gate: Gate) -> bool:
    return bool(gate.compared or gate.timings or gate.differences)


def _changed(gate: Gate, *, stopping: bool) -> Iterator[str]:
    """How many lines of which baselines, for each kind of change."""
    found = [one for one in gate.differences if gate.stops(one) is stopping]
    if not stopping:
        found = [one for one in found if not one.change.stops]
    for change, words in _CHANGES.items():
        lines = [one for one in found if one.change is change]
        if lines:
            names = list(dict.fromkeys(units.clean(one.baseline, 60) for one in lines if one.baseline))
            of = f" of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""
            be = "" if words.startswith("got") else " is" if len(lines) == 1 else " are"
            what = "line" if gate.strict else "figure"
            yield f"{units.plural(len(lines), what)}{of}{be} {words}"


def _slower(gate: Gate) -> Iterator[str]:
    slower = [timing for timing in gate.timings if timing.verdict is Verdict.REGRESSED]
    if slower:
        worst = max(slower, key=lambda timing: timing.ratio or 0)
        by = f", {units.clean(worst.name, 100)} by {percent(worst.ratio)}" if worst.ratio else ""
        yield f"{len(slower)} of {units.plural(len(gate.timings), 'benchmark')} got slower{by}"


def _held(gate: Gate) -> Iterator[str]:
    if gate.compared and gate.strict:
        lines = units.plural(gate.compared, "line")
        yield f"{lines} of baselines {'holds' if gate.compared == 1 else 'hold'}"
    elif gate.compared:
        better = sum(one.change is Change.BETTER for one in gate.differences)
        yield f"{units.plural(gate.compared, 'figure')}, {f'{better} got better' if better else 'no change'}"


def _quiet(gate: Gate) -> Iterator[str]:
    if not gate.timings:
        return
    counts = Counter(timing.verdict for timing in gate.timings)
    better = counts[Verdict.IMPROVED]
    words = f"{better} got faster" if better else "no change"
    known = [timing.detectable for timing in gate.timings if timing.detectable is not None]
    limit = f"; smallest detectable slowdown {100 * max(known):.1f} %" if known else ""
    yield f"{units.plural(len(gate.timings), 'benchmark')}, {words}{limit}"


def difference_row(one: Difference, gate: Gate) -> DifferenceRow:
    """One difference as text."""
    state, size = one.state if one.state != "cold" else "", f"n={one.size}" if one.size else ""
    return DifferenceRow(
        change=one.change.value,
        says=units.clean(one.says or _spelled(one), MAX_SAYS),
        entry=units.clean(" ".join(filter(None, (one.baseline, one.entry, state, size))), 200),
        place=units.clean(str(one.site), 200) if one.site else "",
        stops=gate.stops(one),
    )


def _spelled(one: Difference) -> str:
    """For a difference without a sentence."""
    parts = [f"{one.change.value} {one.metric} {one.template}".strip()]
    if one.before is not None or one.after is not None:
        parts.append(f"{one.before} -> {one.after}")
    if one.growth_before != one.growth_after:
        parts.append(f"{one.growth_before} -> {one.growth_after}")
    return ": ".join(parts)


def timing_row(one: Timing) -> TimingRow:
    """One benchmark as text."""
    both = one.low is not None and one.high is not None
    return TimingRow(
        name=units.clean(one.name, 160),
        verdict=one.verdict.value,
        base="" if one.base_ns is None else units.seconds(one.base_ns),
        head="" if one.head_ns is None else units.seconds(one.head_ns),
        ratio=percent(one.ratio),
        interval=f"{percent(one.low)} to {percent(one.high)}" if both else "",
        pairs=f"{one.pairs}" if one.pairs else "",
        noise="" if one.noise is None else f"{100 * one.noise:.1f} %",
        detectable="" if one.detectable is None else f"{100 * one.detectable:.1f} %",
        instructions=_instructions(one),
        reason=units.clean(one.reason, 400),
    )


def _instructions(one: Timing) -> str:
    before, after = one.base_instructions, one.head_instructions
    if before is None or after is None:
        return ""
    return percent(after / before, digits=2) if before else f"{after:,}"
