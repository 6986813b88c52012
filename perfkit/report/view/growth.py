"""How strategies grow with the size: their points, the slope through them, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.bench.recommended import time_ns
from perfkit.model import ScenarioResult, StrategyInfo
from perfkit.report import units
from perfkit.report.view.strategies import groups, short
from perfkit.stats.growth import exponent


@dataclass(frozen=True)
class Curve:
    """One strategy: (size, ns) of what it is judged by; ``slope`` is "" where one size was measured."""

    name: str
    slope: str
    flawed: bool
    points: tuple[tuple[int, int], ...]

    @property
    def label(self) -> str:
        """What stands at the end of the line."""
        return f"{self.name} {self.slope}".rstrip()


@dataclass(frozen=True)
class Growth:
    """The strategies of one world and group at all sizes."""

    caption: str
    unit: str
    curves: tuple[Curve, ...]

    @property
    def label(self) -> str:
        """The drawing in words."""
        slopes = ", ".join(f"{c.name} slope {c.slope}" for c in self.curves if c.slope)
        return f"Time against size, {self.caption}: {slopes}"


def of_scenario(scenario: ScenarioResult) -> list[Growth]:
    """Each world and group of which a strategy was measured at more than one size."""
    found = []
    for world in scenario.worlds:
        for group in groups(scenario):
            lines = list(curves(scenario, world.name, group))
            if any(sum(size > 0 for size, _ in points) > 1 for _, points, _ in lines):
                parts = (units.clean(world.title or world.name, 120), units.clean(group, 60))
                unit = units.clean(scenario.unit, 24)
                found.append(Growth(", ".join(filter(None, parts)), unit, tuple(map(_curve, lines))))
    return found


def curves(
    scenario: ScenarioResult, world: str, group: str
) -> Iterator[tuple[StrategyInfo, list[tuple[int, int]], float | None]]:
    """Each strategy of the group with its (size, ns) points, of what it is judged by, and its slope."""
    for info in scenario.strategies:
        if info.group != group:
            continue
        cells = [scenario.cell(world, info.name, size) for size in scenario.sizes]
        points = [(cell.size, ns) for cell in cells if cell and (ns := time_ns(scenario, cell))]
        if points:
            yield info, points, exponent(points)


def _curve(line: tuple[StrategyInfo, list[tuple[int, int]], float | None]) -> Curve:
    info, points, slope = line
    # + 0.0: no "-0.00"
    shown = "" if slope is None else f"{round(slope, 2) + 0.0:.2f}"
    placed = tuple(point for point in points if point[0] > 0)  # a logarithmic axis has no place for 0
    return Curve(units.clean(short(info), 18), shown, bool(info.flaw), placed)
