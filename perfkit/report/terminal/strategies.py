"""The strategies of a scenario in the terminal's report: those of the headline's place side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perfkit.bench.recommended import pair
from perfkit.report import units
from perfkit.report.terminal.console import Bars, Column, Writer
from perfkit.report.view import goals
from perfkit.report.view.page import ScenarioView
from perfkit.report.view.strategies import Bar, Group, Panel, Row, World

MAX_ROWS, MAX_ROWS_BRIEF = 14, 5
MAX_BESIDE = 3
"""Strategies of groups other than the headline's."""

MAX_NOTES = 3
_KEPT = ("requests", "queries")
_Pairs = list[tuple[Row, Bar]]


@dataclass(frozen=True)
class _Line:
    """A strategy, or the name of a group."""

    text: str
    row: Row | None = None
    bar: Bar | None = None


def write_strategies(scenario: ScenarioView, out: Writer, *, brief: bool) -> list[tuple[int, str]]:
    """Table and notes of one world and size; how many strategies are left out.

    ``brief``: those of one group alone, and of these the fastest.
    """
    found = headline_place(scenario)
    if found is None:
        return []
    world, panel, first = found
    groups = [group for group in panel.groups if group.name == first or not brief]
    most = MAX_ROWS_BRIEF if brief else MAX_ROWS
    chosen = {group.name: _chosen(group, most if group.name == first else MAX_BESIDE) for group in groups}
    lines = list(_lines(chosen))
    measure = "time" if panel.measure == goals.ELAPSED else panel.measure
    of = f", {first}" if brief and first else ""
    out.heading(f"Strategies at {panel.size} on {world.title}{of}")
    without = out.table(list(_columns(panel, lines, measure)), _bars(panel, lines))
    if panel.same:
        out.line(f"In every row: {', '.join(panel.same)}.", "dim")
    pairs = [one for group in chosen.values() for one in group]
    notes = list(dict.fromkeys(f"{row.short}: {row.note}" for row, _ in pairs if row.note))
    for note in notes[:MAX_NOTES]:
        out.line(note, indent=2)
    every = sum(len(group.rows) for group in panel.groups)
    return [
        (every - len(pairs), "strategy"),
        (len(notes) - MAX_NOTES, "note"),
        (len(without) + panel.columns_left_out, "counter"),
    ]


def headline_place(scenario: ScenarioView) -> tuple[World, Panel, str] | None:
    """World, size and group that the headline is about, or the first there is; None where nothing is."""
    found = pair(scenario.source)
    if found is not None:
        base, unit = found.baseline, units.clean(scenario.source.unit, 60)
        for world in scenario.worlds:
            for panel in world.panels:
                if (world.name, panel.size) == (units.clean(base.world, 60), f"{base.size:,} {unit}"):
                    return world, panel, units.clean(scenario.source.strategy(base.strategy).group, 60)
    for world in scenario.worlds:
        return world, world.panels[0], world.panels[0].groups[0].name
    return None


def _chosen(group: Group, most: int) -> _Pairs:
    """Baselines, then the fastest right ones, then the others; in their own order."""
    pairs = list(zip(group.rows, group.bars, strict=True))
    ranks = {"baseline": 0, "right": 1, "wrong": 2, "none": 3}
    ranked = sorted(pairs, key=lambda one: (ranks[one[1].role], one[1].elapsed_ns))
    kept = {id(one) for one in ranked[:most]}
    return [one for one in pairs if id(one) in kept]


def _lines(chosen: dict[str, _Pairs]) -> Iterable[_Line]:
    """The strategies; of several groups each behind a line with its name."""
    for name, pairs in chosen.items():
        if len(chosen) == 1 or not name:
            yield from (_Line(row.short, row, bar) for row, bar in pairs)
        else:
            yield _Line(name)
            yield from (_Line(f"  {row.short}", row, bar) for row, bar in pairs)


def _columns(panel: Panel, lines: list[_Line], measure: str) -> Iterable[Column]:
    """Counters stand before times; what there is no room for goes from the right."""
    rows = [line.row for line in lines]
    yield Column("strategy", tuple(line.text for line in lines), text=True)
    for place, head in enumerate((*panel.columns, "in flight")):
        cells = tuple(row.counters[place] if row else "" for row in rows)
        yield Column(head, cells, optional=head not in _KEPT)
    yield Column(measure, tuple(row.elapsed if row else "" for row in rows))
    if any(row and row.interval for row in rows):
        yield Column("interval", tuple(row.interval if row else "" for row in rows))
    yield Column("factor", tuple(row.factor if row else "" for row in rows))
    yield Column("answer", tuple(row.answer if row else "" for row in rows))


def _bars(panel: Panel, lines: list[_Line]) -> Bars:
    shares = (
        panel.axis.percent(line.bar.elapsed_ns) if line.bar and line.bar.role != "none" else None
        for line in lines
    )
    return Bars("log scale" if panel.axis.log else "", tuple(shares))
