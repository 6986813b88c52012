"""What each fix is worth: strategies that are others with one thing mended, as rows and as a waterfall.

A strategy says with ``builds_on`` which one it mends. Those that follow each other up to a baseline are a
chain, drawn as a waterfall; the others show what a fix saves alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.bench.recommended import middle, time_ns
from perfkit.model import ScenarioResult, StrategyInfo
from perfkit.report import units
from perfkit.report.view.strategies import calls


@dataclass(frozen=True)
class Fix:
    """One fix: the strategy that has it, and the one it builds on. ``in_chain``: the waterfall has it."""

    name: str
    title: str
    on: str
    before: str
    after: str
    saves: str
    calls: str
    in_chain: bool
    before_ns: int
    after_ns: int


@dataclass(frozen=True)
class Fixes:
    """All fixes of one world at one size, those of the waterfall first."""

    place: str
    size: str
    open: bool
    rows: tuple[Fix, ...]

    @property
    def chain(self) -> tuple[Fix, ...]:
        """The waterfall's steps in their order."""
        return tuple(row for row in self.rows if row.in_chain)


def of_scenario(scenario: ScenarioResult) -> list[Fixes]:
    """A table for each world and size that has fixes."""
    fixing = [info for info in scenario.strategies if info.builds_on]
    found = []
    for world in scenario.worlds:
        for size in scenario.sizes:
            rows = [
                row
                for chain in (True, False)
                for info in _ordered(scenario, fixing, chain=chain)
                if (row := _row(scenario, world.name, size, info, in_chain=chain)) is not None
            ]
            if rows:
                place = units.clean(world.title or world.name, 120)
                shown = f"{size:,} {units.clean(scenario.unit, 60)}"
                found.append(Fixes(place, shown, size == middle(scenario.sizes), tuple(rows)))
    return found


def chain_of(scenario: ScenarioResult) -> list[str]:
    """The longest line of strategies that build on each other, from the first fix to the last.

    A strategy that builds on itself, or on one that is not there, ends its line.
    """
    on = {info.name: info.builds_on for info in scenario.strategies}
    longest: list[str] = []
    for info in scenario.strategies:
        line: list[str] = []
        name = info.name
        while on.get(name) and name not in line:
            line.insert(0, name)
            name = on[name]
        longest = max(longest, line, key=len)
    return longest


def _ordered(scenario: ScenarioResult, fixing: list[StrategyInfo], *, chain: bool) -> list[StrategyInfo]:
    names = chain_of(scenario)
    return (
        [scenario.strategy(name) for name in names] if chain else [i for i in fixing if i.name not in names]
    )


def _row(
    scenario: ScenarioResult, world: str, size: int, info: StrategyInfo, *, in_chain: bool
) -> Fix | None:
    before, after = scenario.cell(world, info.builds_on, size), scenario.cell(world, info.name, size)
    before_ns = time_ns(scenario, before) if before else None
    after_ns = time_ns(scenario, after) if after else None
    if before is None or after is None or before_ns is None or after_ns is None:
        return None
    if after.agrees is False and not info.flaw:
        return None
    saved_ns = before_ns - after_ns
    return Fix(
        name=units.clean(info.name, 60),
        title=units.clean(info.title, 160),
        on=units.clean(info.builds_on, 60),
        before=units.seconds(before_ns),
        after=units.seconds(after_ns),
        saves=units.seconds(saved_ns) if saved_ns >= 0 else f"{units.seconds(-saved_ns)} lost",
        calls=f"{calls(before):,} to {calls(after):,}",
        in_chain=in_chain,
        before_ns=before_ns,
        after_ns=after_ns,
    )
