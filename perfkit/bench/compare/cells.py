"""Two runs of ``perfkit bench``, cell by cell. In virtual time figures are exact: any difference is one.

Counters, figures that the scenario is judged by and virtual time are costs: more is worse. A cell that gives
another answer does another job, and its figures are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from perfkit.bench.compare.compared import RANK, Compared, only_one
from perfkit.bench.tuning.words import shown
from perfkit.model import Cell, Change, Difference, Finding, Run, ScenarioResult, WorldInfo

TIME = "time_ns"


class _Pair(NamedTuple):
    """A cell in both runs."""

    scenario: ScenarioResult
    base: Cell
    head: Cell

    def difference(self, change: Change, metric: str, says: str, **more: object) -> Difference:
        place = f"{self.scenario.name} {self.head.world}/{self.head.strategy}"
        return Difference(
            baseline=self.scenario.name,
            entry=f"{self.head.world}/{self.head.strategy}",
            change=change,
            metric=metric,
            size=self.head.size,
            says=f"{says}, {place} (n={self.head.size})",
            **more,  # type: ignore[arg-type]
        )


def compare_cells(base: Run, head: Run) -> Compared:
    """All that differs, what is worse first and what is asked of counters before time."""
    found = Compared()
    exact = base.clock == head.clock == "virtual"
    known = {scenario.name: scenario for scenario in base.scenarios}
    found.notes += only_one("the scenario ", known, [scenario.name for scenario in head.scenarios])
    for scenario in head.scenarios:
        if scenario.name in known:
            _scenario(known[scenario.name], scenario, found, exact)
    found.differences.sort(key=lambda one: (RANK.index(one.change), one.metric == TIME))
    return found


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
    for pair in pairs:
        found.differences += _cell(pair, found, exact)
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
    """Findings of a strategy that are new or gone, by identity: one difference for all cells."""
    for side, change, word in (("head", Change.WORSE, "new"), ("base", Change.BETTER, "gone")):
        seen: dict[tuple[str, str], tuple[_Pair, Finding]] = {}
        other = "base" if side == "head" else "head"
        known = {(p.head.strategy, f.identity) for p in pairs for f in getattr(p, other).findings}
        for pair in pairs:
            for finding in getattr(pair, side).findings:
                seen.setdefault((pair.head.strategy, finding.identity), (pair, finding))
        for key, (pair, finding) in seen.items():
            if key not in known:
                yield _finding(pair, finding, change, word)


def _finding(pair: _Pair, finding: Finding, change: Change, word: str) -> Difference:
    place = f" at {finding.site}" if finding.site else f" under {finding.place}" if finding.place else ""
    says = f"{word}: {finding.rule} {finding.name}{place}: {finding.template}"
    before, after = (0, finding.count) if change is Change.WORSE else (finding.count, 0)
    return pair.difference(
        change, "finding", says, template=finding.template, before=before, after=after, site=finding.site
    )
