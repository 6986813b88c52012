"""The strategy that a scenario recommends, the fastest right answer: reports begin with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from perfkit.model import Cell, ScenarioResult, StrategyInfo


@dataclass(frozen=True)
class Pair:
    """A baseline's cell and the fastest right answer of the same group, if any beats it."""

    baseline: Cell
    best: Cell | None


def middle(sizes: list[int]) -> int:
    """The size that is shown first.

    >>> middle([20, 200, 2000])
    200
    """
    return sorted(sizes)[len(sizes) // 2]


def by_prominence(sizes: list[int]) -> list[int]:
    """The sizes in the order in which they are tried: the middle one, then from the largest on.

    >>> by_prominence([20, 200, 2000])
    [200, 2000, 20]
    """
    first = middle(sizes)
    return [first, *(size for size in sorted(sizes, reverse=True) if size != first)]


def in_time(scenario: ScenarioResult) -> bool:
    """Whether its goal is made of durations: one of other units is for the tuner alone."""
    return bool(scenario.goal) and all(figure.endswith("_ns") for figure in scenario.goal)


def time_ns(scenario: ScenarioResult, cell: Cell) -> int | None:
    """What the cell is judged by: its elapsed time, or the durations that are the scenario's goal.

    None where it was not measured, or lacks a figure of the goal.
    """
    if cell.elapsed_ns is None or not in_time(scenario):
        return cell.elapsed_ns
    figures = [cell.figures.get(figure) for figure in scenario.goal]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    return round(sum(value * weight for value, weight in zip(known, scenario.goal.values(), strict=True)))


def pair(scenario: ScenarioResult) -> Pair | None:
    """The first baseline that was measured, at the middle size before all others, and what beat it."""
    cell = next(_baselines(scenario), None)
    return None if cell is None else _against(scenario, cell)


def recommended(scenario: ScenarioResult, world: str, size: int, among: Iterable[str]) -> Cell | None:
    """The fastest right answer there of the strategies ``among``, the first of equals; None without any."""
    cells = [cell for name in among if (cell := scenario.cell(world, name, size)) is not None]
    right = [cell for cell in cells if _answered(scenario, cell)]
    return min(right, key=lambda cell: time_ns(scenario, cell) or 0, default=None)


def _against(scenario: ScenarioResult, base: Cell) -> Pair:
    group = scenario.strategy(base.strategy).group
    rivals = [
        rival
        for info in scenario.strategies
        if info.group == group
        and (rival := scenario.cell(base.world, info.name, base.size)) is not None
        and _is_right(scenario, info, rival)
    ]  # fmt: skip
    best = min(rivals, key=lambda rival: time_ns(scenario, rival) or 0, default=None)
    sooner = best is not None and (time_ns(scenario, best) or 0) < (time_ns(scenario, base) or 0)
    return Pair(base, best if sooner else None)


def _baselines(scenario: ScenarioResult) -> Iterator[Cell]:
    names = [info.name for info in scenario.strategies if info.baseline]
    for size in by_prominence(scenario.sizes) if scenario.sizes else ():
        for world in scenario.worlds:
            for name in names:
                cell = scenario.cell(world.name, name, size)
                if cell is not None and time_ns(scenario, cell) is not None:
                    yield cell


def _is_right(scenario: ScenarioResult, info: StrategyInfo, cell: Cell) -> bool:
    return not (info.flaw or info.baseline) and _answered(scenario, cell)


def _answered(scenario: ScenarioResult, cell: Cell) -> bool:
    return cell.status == "ok" and cell.agrees is not False and time_ns(scenario, cell) is not None
