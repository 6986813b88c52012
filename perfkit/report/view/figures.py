"""What strategies have measured themselves (``Cell.figures``), side by side as final strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perfkit.bench.tuning.words import shown
from perfkit.model import Cell, ScenarioResult
from perfkit.report import units
from perfkit.report.view.strategies import role


@dataclass(frozen=True)
class FigureRow:
    """One strategy; ``role`` as for ``strategies.Bar``, ``figures`` follow the table's columns."""

    name: str
    role: str
    figures: tuple[str, ...]


@dataclass(frozen=True)
class FigureTable:
    """One world at one size."""

    place: str
    columns: tuple[str, ...]
    rows: tuple[FigureRow, ...]


def tables(scenario: ScenarioResult) -> list[FigureTable]:
    """A table for each world and size at which a strategy has measured something."""
    found = []
    for world in scenario.worlds:
        for size in scenario.sizes:
            cells = [c for c in scenario.cells if (c.world, c.size) == (world.name, size) and c.figures]
            if not cells:
                continue
            names = columns(cells)
            place = f"{world.title or world.name}, {size:,} {scenario.unit}"
            rows = tuple(_row(scenario, cell, names) for cell in cells)
            found.append(FigureTable(units.clean(place, 200), tuple(map(heading, names)), rows))
    return found


def columns(cells: Iterable[Cell]) -> list[str]:
    """Names of the figures that are not 0 everywhere: durations first, those of one kind together.

    >>> columns([Cell("w", "s", 1, figures={"b_max_ns": 2, "b_p50_ns": 1, "lost": 0, "sent": 3})])
    ['b_p50_ns', 'b_max_ns', 'sent']
    """
    used = {name for cell in cells for name, value in cell.figures.items() if value}
    return sorted(used, key=_place)


def _place(name: str) -> tuple[bool, int, str, int, str]:
    """Plain names come before those with a word in front: ``card_p50_ns`` before ``accident_card_p50_ns``."""
    words = name.removesuffix("_ns").split("_")
    order = ("mean", "p50", "p90", "p95", "p99", "max")
    last = order.index(words[-1]) if words[-1] in order else -1
    group = "_".join(words[:-1] if last >= 0 else words)
    return not name.endswith("_ns"), len(group.split("_")) if last >= 0 else 0, group, last, name


def heading(name: str) -> str:
    """A column's name; the unit is beside each figure.

    >>> heading("accident_card_p50_ns")
    'accident card p50'
    """
    return units.clean(name.removesuffix("_ns").replace("_", " "), 40)


def _row(scenario: ScenarioResult, cell: Cell, names: Sequence[str]) -> FigureRow:
    values = (shown(name, cell.figures[name]) if name in cell.figures else "" for name in names)
    return FigureRow(
        units.clean(cell.strategy, 60), role(scenario.strategy(cell.strategy), cell), tuple(values)
    )
