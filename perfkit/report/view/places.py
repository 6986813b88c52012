"""Where a scenario was measured, a row for each world, size and group: the baseline beside the fastest."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.report.view.strategies import Bar, Group, Row, World


@dataclass(frozen=True)
class Place:
    """One world, size and group. ``best`` is the fastest right answer, with time and factor, "" without one.

    ``slow`` is the baseline's time, or what happened instead; "" where it was not measured.
    """

    world: str
    size: str
    group: str
    slow: str
    best: str
    time: str
    factor: str


def places(worlds: tuple[World, ...]) -> list[Place]:
    """Every place at which a baseline or a right answer was measured, in the order of the page."""
    return [
        place
        for world in worlds
        for panel in world.panels
        for group in panel.groups
        if (place := _place(world.title, panel.size, group)) is not None
    ]


def _place(world: str, size: str, group: Group) -> Place | None:
    pairs: list[tuple[Row, Bar]] = list(zip(group.rows, group.bars, strict=True))
    slow = next((row.elapsed for row, _ in pairs if row.factor == "baseline"), "")
    right = [pair for pair in pairs if pair[1].role == "right"]
    best = min(right, key=lambda pair: pair[1].elapsed_ns)[0] if right else None
    if best is None:
        return Place(world, size, group.name, slow, "", "", "") if slow else None
    return Place(world, size, group.name, slow, best.short, best.elapsed, best.factor)
