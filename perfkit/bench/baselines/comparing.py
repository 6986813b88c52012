"""A baseline beside what was measured now: each line that is no longer true, exactly."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from perfkit.bench.baselines import wording
from perfkit.bench.baselines.collapsing import collapsed, of_several_worlds
from perfkit.bench.baselines.document import Baseline, Entry, Metrics, Values
from perfkit.bench.baselines.inputs import changed_inputs
from perfkit.bench.baselines.metrics import FAILED, FINDING, finding_of, finding_parts, split
from perfkit.bench.baselines.places import Place, culprit, decider
from perfkit.model import Change, Difference, Finding, Frame
from perfkit.rules.growth import COUNTED
from perfkit.stats.growth_class import growth_class

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
"""Python's minor version: bytecodes and memory are compared with what was recorded under it."""


@dataclass
class Comparison:
    """``compared`` is the number of lines that were checked; ``notes`` are sentences that stop nothing.

    ``differences`` are told by cause; ``lines`` are all lines of entries that differ, each by itself.
    """

    differences: list[Difference] = field(default_factory=list)
    lines: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    compared: int = 0


def compare(baseline: Baseline, measured: Baseline, *, partial: bool = False) -> Comparison:
    """What of ``baseline`` is no longer true of ``measured``.

    Where inputs differ there is nothing to compare with. With ``partial``, when not everything was measured,
    entries that are missing are not named.
    """
    found = Comparison()
    found.notes += _other_peaks(baseline, measured)
    stale, outdated = changed_inputs(baseline, measured)
    found.differences += stale
    for name in sorted(measured.entries):
        before = baseline.entries.get(name)
        if before is None:
            found.differences.append(wording.new_entry(baseline, name))
        elif name not in outdated:
            _compare_entry(found, baseline, measured, name)
    if not partial:
        gone = sorted(set(baseline.entries) - set(measured.entries))
        found.differences += [wording.vanished_entry(baseline, name) for name in gone]
    found.notes = list(dict.fromkeys(found.notes))
    if baseline.kind == "scenario":
        found.differences = of_several_worlds(found.differences)
    return found


def _other_peaks(baseline: Baseline, measured: Baseline) -> list[str]:
    """Whether peaks of memory are not compared: the standard library's part differs by patch version."""
    before, now = baseline.peaks_of.get(MINOR), measured.peaks_of.get(MINOR)
    if before is None or now is None or before == now:
        return []
    return [
        f"{baseline.name}: allocation peaks were recorded under {before}, and are not compared under {now}"
    ]


def _compare_entry(found: Comparison, baseline: Baseline, measured: Baseline, name: str) -> None:
    before, now = baseline.entries[name], measured.entries[name]
    skipped = {"peak_bytes"} if _other_peaks(baseline, measured) else set[str]()
    maker = wording.Maker(baseline, name)
    found.differences += _sizes(maker, before, now)
    sizes = before.sizes & now.sizes
    cold: dict[str, Change] = {}
    fails = _values(now, FAILED, sizes) != _values(before, FAILED, sizes) and bool(now.failed)
    unseen = [] if fails else list(_unseen(maker, before, now, sizes))
    found.differences += unseen
    for state in now.states:
        was = before.states.get(state, before.states.get("cold", {}))
        pairs = _pairs(was, now.states[state], sizes)
        if state == "cold":
            pairs |= _of_python(found, baseline.name, before, now, sizes, skipped)
        found.compared += len(pairs)
        moved = _moved(pairs)
        if state == "cold":
            found.notes += [f"{name}: {note}" for note in dict.fromkeys(moved.values())]
        changed = {
            metric: pair
            for metric, pair in pairs.items()
            if pair[0] != pair[1] and metric not in moved and not _is_explained(metric, unseen)
        }
        fresh = {m: pair for m, pair in changed.items() if cold.get(m) is not _kind(*pair)}
        if state == "cold":
            cold = {metric: _kind(*pair) for metric, pair in changed.items()}
        made = [_difference(maker, state, metric, pair, before, now) for metric, pair in fresh.items()]
        found.lines += made
        found.differences += collapsed([d for d in made if not _follows(d, fails, unseen)])


def _values(entry: Entry, metric: str, sizes: set[int]) -> list[int]:
    values = entry.states.get("cold", {}).get(metric, {})
    return [values.get(size, 0) for size in sorted(sizes)]


def _follows(difference: Difference, fails: bool, unseen: list[Difference]) -> bool:
    """Whether it is less only because the entry fails now, or because a probe is blind: no improvement."""
    if difference.change not in (Change.BETTER, Change.VANISHED):
        return False
    return fails or (bool(unseen) and difference.metric not in COUNTED)


def _pairs(was: Metrics, now: Metrics, sizes: set[int]) -> dict[str, tuple[Values, Values]]:
    """Each metric's values before and now, at the sizes that both have; 0 where there are none."""
    return {
        metric: (
            {size: was.get(metric, {}).get(size, 0) for size in sorted(sizes)},
            {size: now.get(metric, {}).get(size, 0) for size in sorted(sizes)},
        )
        for metric in sorted({*was, *now})
    }


def _of_python(
    found: Comparison, of: str, before: Entry, now: Entry, sizes: set[int], skipped: set[str]
) -> dict[str, tuple[Values, Values]]:
    """Metrics of this minor version; only what both have, since a run that failed has none."""
    current = {metric: v for metric, v in now.python.get(MINOR, {}).items() if metric not in skipped}
    was = {metric: v for metric, v in before.python.get(MINOR, {}).items() if metric not in skipped}
    if current and not was:
        found.notes.append(f"{of}: no {', '.join(sorted(current))} recorded for Python {MINOR}")
    if not now.failed and (without := sorted(set(was) - set(current))):
        found.notes.append(f"{of}: {', '.join(without)} not measured here (see perfkit doctor)")
    pairs = {}
    for metric in sorted(set(was) & set(current)):
        both = sorted(sizes & set(was[metric]) & set(current[metric]))
        pairs[metric] = ({n: was[metric][n] for n in both}, {n: current[metric][n] for n in both})
    return pairs


def _kind(was: Values, now: Values) -> Change:
    if not any(was.values()):
        return Change.NEW
    if not any(now.values()):
        return Change.VANISHED
    return Change.WORSE if any(now[size] > was[size] for size in was) else Change.BETTER


def _difference(
    maker: wording.Maker, state: str, metric: str, pair: tuple[Values, Values], before: Entry, now: Entry
) -> Difference:
    was, current = pair
    counter, template = split(metric)
    kind = _kind(was, current)
    if not template:  # a total that was nothing is no new thing
        worse = any(current[size] > was[size] for size in was)
        kind = Change.WORSE if worse else Change.BETTER
    size = max(size for size in was if was[size] != current[size])
    return maker.difference(
        kind,
        metric=counter,
        template=template,
        state=state,
        size=size,
        before=was[size],
        after=current[size],
        growth_before=growth_class(was) if min(was) else "",
        growth_after=growth_class(current) if min(current) else "",
        site=_site(counter, template, before, now),
        detail=now.failed.get(size, "") if counter == FAILED else "",
        finding=_finding(metric, kind, now) if counter == FINDING else None,
    )


def _finding(metric: str, kind: Change, now: Entry) -> Finding | None:
    """The finding as it is now; of one that is gone what the baseline says of it."""
    if kind in (Change.BETTER, Change.VANISHED):
        return finding_of(metric)
    return now.findings.get(metric)


def _site(counter: str, template: str, before: Entry, now: Entry) -> Frame | None:
    """The line that makes more of an operation; of a finding the place it names; of a failure none."""
    if counter == FAILED:
        return None
    if counter == FINDING:
        return _site_of_finding(template, now)
    paths = now.paths.get(template, [])
    if not template:
        paths = [path for paths in now.paths.values() for path in paths]
    found = culprit(paths, before.places, now.places, now.shared)
    if found is None and template and paths:
        return decider(paths, now.places)
    return found


def _site_of_finding(template: str, now: Entry) -> Frame | None:
    _, place = finding_parts(f"{FINDING} {template}")
    known: Place | None = now.places.get(place)
    file, _, function = place.rpartition(":")
    return Frame(file, known.numbers[0], function) if known and known.numbers else None


def _sizes(maker: wording.Maker, before: Entry, now: Entry) -> Iterator[Difference]:
    for size in sorted(now.sizes - before.sizes):
        yield maker.size(Change.NEW, size)
    for size in sorted(before.sizes - now.sizes):
        yield maker.size(Change.VANISHED, size)


def _unseen(maker: wording.Maker, before: Entry, now: Entry, sizes: set[int]) -> Iterator[Difference]:
    """Kinds of operations that the baseline has and the run has none of, cold."""
    for kind in COUNTED:
        was = before.states.get("cold", {}).get(kind, {})
        current = now.states.get("cold", {}).get(kind, {})
        expected = [size for size in sizes if was.get(size)]
        if expected and not any(current.get(size) for size in sizes):
            yield maker.unseen(kind, max(expected), was[max(expected)])


def _is_explained(metric: str, unseen: list[Difference]) -> bool:
    return any(split(metric)[0] == difference.metric for difference in unseen)


def _moved(pairs: dict[str, tuple[Values, Values]]) -> dict[str, str]:
    """Findings that only went to another place, with what to say of it: the same of the rule and template."""
    findings: dict[str, list[str]] = defaultdict(list)
    for metric in pairs:
        if split(metric)[0] == FINDING:
            findings[finding_parts(metric)[0]].append(metric)
    moved: dict[str, str] = {}
    for what, metrics in findings.items():
        changed = [metric for metric in metrics if pairs[metric][0] != pairs[metric][1]]
        before = [sum(column) for column in zip(*(pairs[m][0].values() for m in metrics), strict=True)]
        now = [sum(column) for column in zip(*(pairs[m][1].values() for m in metrics), strict=True)]
        if changed and before == now:
            places = sorted(finding_parts(m)[1] for m in changed if any(pairs[m][1].values()))
            moved |= dict.fromkeys(changed, f"{what} is now at {', '.join(places)}")
    return moved
