"""Two runs of ``perfkit bench``, cell by cell. In virtual time figures are exact: any difference is one.

Counters, figures that the scenario is judged by and virtual time are costs: more is worse. A cell that gives
another answer does another job, and its figures are not compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from perfkit.bench.baselines.wording import is_worse_growth
from perfkit.bench.compare.compared import RANK, Compared, only_one
from perfkit.bench.compare.operations import Key, Operation, operations_of, slowed
from perfkit.bench.compare.traces import of_finding, of_template
from perfkit.bench.tuning.words import shown
from perfkit.model import (
    Cell,
    Change,
    Difference,
    Finding,
    Run,
    ScenarioResult,
    Trace,
    WorldInfo,
    unpack,
)
from perfkit.rules.growth import COUNTED
from perfkit.stats.growth_class import big_o, growth_class, is_worse_class

TIME = "time_ns"


class _Pair(NamedTuple):
    """A cell in both runs."""

    scenario: ScenarioResult
    base: Cell
    head: Cell

    def difference(self, change: Change, metric: str, says: str, **more: object) -> Difference:
        entry = _entry(self)
        place = f"{self.scenario.name} {entry}"
        return Difference(
            baseline=self.scenario.name,
            entry=entry,
            change=change,
            metric=metric,
            size=self.head.size,
            says=f"{says}, {place} (n={self.head.size})",
            **more,  # type: ignore[arg-type]
        )


def _entry(pair: _Pair) -> str:
    return f"{pair.head.world}/{pair.head.strategy}"


def compare_cells(base: Run, head: Run) -> Compared:
    """All that differs, what is worse first and what is asked of counters before time."""
    found = Compared()
    exact = base.clock == head.clock == "virtual"
    known = {scenario.name: scenario for scenario in base.scenarios}
    found.notes += only_one("the scenario ", known, [scenario.name for scenario in head.scenarios])
    for scenario in head.scenarios:
        if scenario.name in known:
            _scenario(known[scenario.name], scenario, found, exact)
    found.differences.sort(key=_order)
    return found


def _order(one: Difference) -> tuple[object, ...]:
    return RANK.index(one.change), not is_worse_growth(one), one.metric == TIME


def _scenario(base: ScenarioResult, head: ScenarioResult, found: Compared, exact: bool) -> None:
    unlike = _unlike_worlds(base, head)
    found.differences += unlike.values()
    cells = {_name(base, cell): cell for cell in base.cells}
    others = {_name(head, cell): cell for cell in head.cells}
    found.notes += only_one("the cell ", cells, others)
    pairs = [
        _Pair(head, cells[name], cell)
        for name, cell in others.items()
        if name in cells and cell.world not in unlike
    ]
    made = [one for pair in pairs for one in _cell(pair, found, exact)]
    found.differences += grown(made, pairs)
    found.differences += _causes(pairs, made)
    found.differences += _findings(pairs)


def _name(scenario: ScenarioResult, cell: Cell) -> str:
    return f"{scenario.name} {cell.world}/{cell.strategy} (n={cell.size})"


def _unlike_worlds(base: ScenarioResult, head: ScenarioResult) -> dict[str, Difference]:
    """Worlds that are not the same in both: a difference each, and no comparison in them."""
    worlds, found = {world.name: world for world in base.worlds}, {}
    for world in head.worlds:
        unlike = _unlike(worlds[world.name], world) if world.name in worlds else ""
        if unlike:
            says = f"{head.name}: not the same world {world.name} ({unlike}); measure base again with it"
            found[world.name] = Difference(head.name, world.name, Change.INPUTS, "world", says=says)
    return found


def _unlike(base: WorldInfo, head: WorldInfo) -> str:
    """Facts that differ, with both values."""
    before, after = _facts(base), _facts(head)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "; ".join(f"{n} {before.get(n, 'not told')}, now {after.get(n, 'not told')}" for n in names)


def _facts(world: WorldInfo) -> dict[str, str]:
    trip = {} if world.rtt_ns is None else {"rtt_ns": f"{world.rtt_ns}"}
    return {**trip, "database": world.database or "none", **world.facts}


def _cell(pair: _Pair, found: Compared, exact: bool) -> Iterator[Difference]:
    base, head = pair.base, pair.head
    if base.status != head.status:
        change = _of_status(base.status, head.status)
        why = f" ({head.error})" if head.error else ""
        yield pair.difference(change, "status", f"{head.status}{why}, was {base.status}")
    elif head.status != "ok":
        return
    elif base.agrees is True and head.agrees is False:
        yield pair.difference(Change.WORSE, "answer", "an answer that differs from the baseline's (PK501)")
    elif base.answer != head.answer:
        answers = f"{head.answer[:80]}, was {base.answer[:80]}"
        yield pair.difference(Change.INPUTS, "answer", f"another answer, so not the same job: {answers}")
    elif exact:
        found.lines += 1
        for metric, before, after in _figures(pair):
            found.lines += 1
            if before != after:
                yield _figure(pair, metric, before, after)


def _of_status(base: str, head: str) -> Change:
    """A cell that was skipped on a side (a package was missing) says nothing of the code."""
    if "skipped" in (base, head) or "ok" not in (base, head):
        return Change.INPUTS
    return Change.WORSE if base == "ok" else Change.BETTER


def _figures(pair: _Pair) -> Iterator[tuple[str, int, int]]:
    """What can be compared exactly: counters and goal of the first sample, the time of seeds both have."""
    base, head = pair.base, pair.head
    if [s.seed for s in base.samples[:1]] == [s.seed for s in head.samples[:1]]:
        for name in sorted({*base.counters, *head.counters}):
            yield name, base.counters.get(name, 0), head.counters.get(name, 0)
        for name in pair.scenario.goal:
            if name in base.figures and name in head.figures:
                yield name, round(base.figures[name]), round(head.figures[name])
    times = {sample.seed: sample.elapsed_ns for sample in base.samples}
    common = [(times[s.seed], s.elapsed_ns) for s in head.samples if s.seed in times]
    if common:
        yield TIME, *(sorted(side)[(len(side) - 1) // 2] for side in zip(*common, strict=True))


def _figure(pair: _Pair, metric: str, before: int, after: int) -> Difference:
    more, sign = after - before, "+" if after > before else "-"
    name = "virtual time" if metric == TIME else metric
    says = f"{sign}{shown(metric, abs(more))} {name}: {shown(metric, before)} -> {shown(metric, after)}"
    change = Change.WORSE if more > 0 else Change.BETTER
    return pair.difference(change, metric, says, before=before, after=after)


def _findings(pairs: list[_Pair]) -> Iterator[Difference]:
    """Findings of a strategy that are new or gone, by identity: one difference, of the costliest cell."""
    for side, change in (("head", Change.WORSE), ("base", Change.BETTER)):
        seen: dict[tuple[str, str], tuple[_Pair, Finding]] = {}
        other = "base" if side == "head" else "head"
        known = {(p.head.strategy, f.identity) for p in pairs for f in getattr(p, other).findings}
        for pair in pairs:
            for finding in getattr(pair, side).findings:
                key = pair.head.strategy, finding.identity
                if key not in seen or _cost(finding) > _cost(seen[key][1]):
                    seen[key] = pair, finding
        for key, (pair, finding) in seen.items():
            if key not in known:
                yield _finding(pair, finding, change)


def _cost(finding: Finding) -> tuple[int, int]:
    return finding.saving_ns or 0, finding.spent_ns


def _finding(pair: _Pair, finding: Finding, change: Change) -> Difference:
    made = of_finding(finding, change)
    more = {name: getattr(made, name) for name in ("template", "before", "after", "site", "finding")}
    return pair.difference(change, made.metric, made.says, **more)


def grown(made: list[Difference], pairs: list[_Pair]) -> list[Difference]:
    """The differences, with classes of growth where a figure grows faster over the sizes than before."""
    figures: dict[tuple[str, str], dict[int, tuple[int, int]]] = defaultdict(dict)
    for pair in pairs:
        if pair.base.status == pair.head.status == "ok":
            for metric, before, after in _figures(pair):
                figures[_entry(pair), metric][pair.head.size] = before, after
    return [_with_growth(one, figures.get((one.entry, one.metric), {})) for one in made]


def _with_growth(one: Difference, values: dict[int, tuple[int, int]]) -> Difference:
    """Only where no value is 0: from nothing on everything grows."""
    if len(values) < 2 or not all(map(all, values.values())):
        return one
    before = growth_class({size: pair[0] for size, pair in values.items()})
    after = growth_class({size: pair[1] for size, pair in values.items()})
    if not is_worse_class(before, after):
        return one
    place = f", {one.baseline} {one.entry} "
    says = one.says.replace(place, f", {big_o(before)} -> {big_o(after)}{place}", 1)
    return replace(one, growth_before=before, growth_after=after, says=says)


def _causes(pairs: list[_Pair], made: list[Difference]) -> Iterator[Difference]:
    """The operations behind what got worse: of each strategy those of its largest cell with whole traces."""
    worse: dict[str, set[str]] = defaultdict(set)
    for one in made:
        if one.change is Change.WORSE:
            worse[one.entry].add(one.metric)
    told: set[str] = set()
    for pair in sorted(pairs, key=lambda pair: -pair.head.size):
        metrics = worse.get(_entry(pair), set()) & {*COUNTED, TIME}
        if not metrics or pair.head.strategy in told:
            continue
        before, after = _whole(pair.base), _whole(pair.head)
        if before is None or after is None:
            continue
        found = list(_of_operations(pair, metrics, operations_of(before), operations_of(after)))
        told |= {pair.head.strategy} if found else set()
        yield from found


def _whole(cell: Cell) -> Trace | None:
    """The cell's trace, if all of it was kept."""
    return unpack(cell.trace) if cell.trace is not None and not cell.trace.dropped else None


def _of_operations(
    pair: _Pair, metrics: set[str], before: dict[Key, Operation], after: dict[Key, Operation]
) -> Iterator[Difference]:
    """Templates that are sent more often; where none is, the one that takes longer."""
    none = Operation()
    counted = [
        made
        for key in sorted(after)
        if key[0] in metrics
        and (made := of_template(key, before.get(key, none), after[key], "")) is not None
        and (made.after or 0) > (made.before or 0)
    ]
    for made in counted:
        more = {name: getattr(made, name) for name in ("template", "before", "after", "site")}
        yield pair.difference(made.change, made.metric, made.says, **more)
    slow = slowed(before, after) if TIME in metrics and not counted else None
    if slow is not None:
        was, now = before.get(slow, none).spent_ns, after[slow].spent_ns
        at = f" at {after[slow].site}" if after[slow].site is not None else ""
        says = f"{slow[1]}{at} takes {shown(TIME, now)} in all, was {shown(TIME, was)}"
        more = {"template": slow[1], "before": was, "after": now, "site": after[slow].site}
        yield pair.difference(Change.WORSE, TIME, says, **more)
