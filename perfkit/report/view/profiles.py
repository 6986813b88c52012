"""Profiles as readers see them: the lines where the time went, or those that held the memory."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.model.profile import Profile
from perfkit.report import units
from perfkit.report.view.flame import Flame, flame

MAX_LINES = 10


@dataclass(frozen=True)
class ProfileTable:
    """One profile: ``rows`` are texts in the order of ``headings``, the costliest line first.

    ``flame`` is None where there is no tree to draw; ``caption`` is that of the table.
    """

    title: str
    summary: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    flame: Flame | None
    caption: str


def table(profile: Profile) -> ProfileTable:
    """The table of a profile of either kind."""
    notes = tuple(units.clean(warning) for warning in profile.warnings)
    if profile.error:
        notes = (f"it ended with {units.clean(profile.error, 80)}", *notes)
    make = _memory if profile.kind == "memory" else _cpu
    title, summary, headings, rows = make(profile)
    caption = f"The costliest {units.plural(len(rows), 'line')}"
    return ProfileTable(title, summary, headings, rows, notes, flame(profile), caption)


_Texts = tuple[str, str, tuple[str, ...], tuple[tuple[str, ...], ...]]


def _cpu(profile: Profile) -> _Texts:
    whole = sum(profile.tree.value) or 1
    rows = tuple(
        (
            units.clean(str(line.frame), 160),
            units.seconds(line.own),
            f"{round(100 * line.own / whole)} %",
            units.seconds(line.total),
        )
        for line in profile.tree.hottest(MAX_LINES)
    )
    awaiting = f", of which {units.seconds(profile.awaiting)} awaiting" if profile.awaiting else ""
    samples = f"{units.number(profile.samples)} samples in {units.seconds(profile.duration_ns)}"
    return (
        f"CPU profile: {units.clean(profile.name, 120)}",
        f"{samples}{awaiting}, by {profile.tool}",
        ("line", "own", "share", "total"),
        rows,
    )


def _memory(profile: Profile) -> _Texts:
    rows = tuple(
        (units.clean(str(site.frame), 160), units.size(site.bytes), units.number(site.count))
        for site in profile.top[:MAX_LINES]
    )
    made = "" if profile.allocations is None else f", {units.number(profile.allocations)} allocations"
    return (
        f"Memory profile: {units.clean(profile.name, 120)}",
        f"peak {units.size(profile.peak_bytes)}{made}, by {profile.tool}",
        ("line", "held at the peak", "blocks"),
        rows,
    )
