"""Findings as readers see them: one row for all cells in which the same line did the same thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perfkit.model import Cell, Finding, ScenarioResult
from perfkit.report import units
from perfkit.report.headline import worst_of


@dataclass(frozen=True)
class FindingRow:
    """One finding, with the figures of the cell where it costs most; ``cells`` are all where it was seen."""

    rule: str
    name: str
    site: str
    path: tuple[str, ...]
    template: str
    count: str
    spent: str
    saving: str
    basis: str
    evidence: tuple[str, ...]
    fix: str
    worst: str
    cells: tuple[str, ...]

    @property
    def times(self) -> str:
        """The count in words."""
        return f"{self.count} {'time' if self.count == '1' else 'times'}"

    @property
    def effect(self) -> str:
        """What it cost and what its fix would save; the evidence where it cost no time."""
        if self.spent == "0 ns":
            return "; ".join(self.evidence) or "cost no time"
        return f"spent {self.spent}; predicted saving: {self.saving}"


def of_scenario(scenario: ScenarioResult) -> list[FindingRow]:
    """The findings of all cells, the costliest first."""
    seen: dict[str, list[tuple[Cell, Finding]]] = {}
    for cell in scenario.cells:
        for finding in cell.findings:
            seen.setdefault(finding.identity, []).append((cell, finding))
    rows = []
    for pairs in seen.values():
        worst = worst_of([finding for _, finding in pairs])
        assert worst is not None  # noqa: S101 - every identity was seen at least once
        cell = next(cell for cell, finding in pairs if finding is worst)
        place = f"{cell.strategy} at {cell.size:,} {scenario.unit} on {_world(scenario, cell.world)}"
        places = tuple(_places(scenario, [cell for cell, _ in pairs]))
        rows.append((worst, row(worst, units.clean(place, 200), places)))
    return [shown for _, shown in sorted(rows, key=lambda pair: _cost(pair[0]))]


def of_run(findings: list[Finding]) -> list[FindingRow]:
    """The findings of a recorded program, the costliest first."""
    return [row(finding) for finding in sorted(findings, key=_cost)]


def _cost(finding: Finding) -> tuple[int, int, str, str]:
    return -(finding.saving_ns or 0), -finding.spent_ns, finding.rule, finding.template


def row(finding: Finding, worst: str = "", cells: tuple[str, ...] = ()) -> FindingRow:
    """One finding as text."""
    saving = "not predicted" if finding.saving_ns is None else units.seconds(finding.saving_ns)
    return FindingRow(
        rule=units.clean(finding.rule, 20),
        name=units.clean(finding.name, 60),
        site=units.clean(str(finding.site), 200) if finding.site else "place not known",
        path=tuple(units.clean(str(frame), 200) for frame in finding.path[1:6]),
        template=units.clean(finding.template, 300),
        count=units.number(finding.count),
        spent=units.seconds(finding.spent_ns),
        saving=saving,
        basis=units.clean(finding.basis, 300),
        evidence=tuple(units.clean(fact, 300) for fact in finding.evidence[:6]),
        fix=units.clean(finding.fix, 500),
        worst=worst,
        cells=cells,
    )


def _world(scenario: ScenarioResult, name: str) -> str:
    return next((world.title or world.name for world in scenario.worlds if world.name == name), name)


def _places(scenario: ScenarioResult, cells: list[Cell]) -> Iterable[str]:
    """The cells by strategy and sizes, worlds of equal sizes together."""
    for strategy in dict.fromkeys(cell.strategy for cell in cells):
        sizes: dict[str, list[int]] = {}
        for cell in cells:
            if cell.strategy == strategy:
                sizes.setdefault(cell.world, []).append(cell.size)
        by_sizes: dict[tuple[int, ...], list[str]] = {}
        for world, found in sizes.items():
            by_sizes.setdefault(tuple(sorted(found)), []).append(_world(scenario, world))
        for found_sizes, names in by_sizes.items():
            numbers = ", ".join(f"{size:,}" for size in found_sizes)
            every = len(names) == len(scenario.worlds) > 1
            where = "every world" if every else ", ".join(names)
            yield units.clean(f"{strategy} at {numbers} {scenario.unit} on {where}", 300)
