"""A tuning as a report shows it: the choice, why, and a table of what is beside it; final strings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from perfkit.bench.tuning.words import goal_shown, setting_shown, shown
from perfkit.model import Point, Run, Tuning
from perfkit.report import units
from perfkit.report.view import bound_by, goals
from perfkit.report.view.load import LoadCurve, load_curve
from perfkit.report.view.strategies import counter_name

MAX_FIGURES = 4


@dataclass(frozen=True)
class SettingRow:
    """One setting beside the choice; ``role`` is "chosen", "declared", "baseline", "step" or "check"."""

    role: str
    name: str
    setting: str
    goal: str
    factor: str
    figures: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Tuned:
    """One tuning. ``columns`` are the names of the rows' ``figures``; ``source`` is for the heat map.

    ``load`` is None where no parameter bounds what is in flight. ``lower_bound`` depends on the machine.
    """

    title: str
    goal: str
    limits: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[SettingRow, ...]
    source: Tuning
    load: LoadCurve | None = None
    lower_bound: str = ""


def tuned(run: Run, tuning: Tuning) -> Tuned:
    """The view of a tuning of ``run``."""
    columns = _columns(tuning)
    place = f"{tuning.world_title}, {tuning.size:,} {tuning.unit}"
    return Tuned(
        title=units.clean(f"{tuning.scenario}: {tuning.strategy} on {place}", 200),
        goal=goals.spelled(tuning.goal),
        limits=units.clean(
            ", ".join(f"{name} {shown(name, most)} at most" for name, most in tuning.limits.items()), 300
        ),
        sentences=tuple(units.clean(sentence, 400) for sentence in tuning.sentences),
        warnings=tuple(units.clean(warning, 400) for warning in tuning.warnings),
        columns=tuple(_heading(name) for name in columns),
        rows=tuple(_rows(tuning, columns)),
        source=tuning,
        load=load_curve(tuning),
        lower_bound=bound_by.of_tuning(run, tuning),
    )


def _heading(name: str) -> str:
    """A column's name; the unit is beside each figure.

    >>> _heading("card_p50_ns"), _heading("peak_in_flight"), _heading("status_503")
    ('card p50', 'in flight', '503s')
    """
    if name == "peak_in_flight":
        return "in flight"
    return counter_name(name.removesuffix("_ns"))


def _columns(tuning: Tuning) -> list[str]:
    """The parts of the goal where there are several, then limits, then requests and what is in flight.

    What is 0 everywhere is left out.
    """
    several = list(tuning.goal) if len(tuning.goal) > 1 else []
    named = [*several, *(name for name in tuning.limits if name not in several)]
    seen = {name for point in tuning.points for name, value in point.figures.items() if value}
    first = [name for name in named if name in seen][:MAX_FIGURES]
    return first + [name for name in ("request", "query", "peak_in_flight") if name in seen]


def _rows(tuning: Tuning, columns: list[str]) -> Iterator[SettingRow]:
    chosen = tuning.point(tuning.chosen)
    if chosen is not None:
        yield _row("chosen", "chosen", chosen, tuning, columns)
    declared = tuning.point(tuning.defaults)
    if declared is not None and declared is not chosen:
        yield _row("declared", "as declared", declared, tuning, columns)
    for point in _at_size(tuning):
        yield _row("baseline", tuning.baseline, point, tuning, columns)
    for step in tuning.steps:
        beside = tuning.point({**(tuning.chosen or {}), step.parameter: step.value})
        if beside is not None and beside is not declared:
            yield _row("step", f"{step.parameter} {step.value:g}", beside, tuning, columns)
    for point in tuning.checks:
        where = f"{point.size:,} {tuning.unit}" if point.size != tuning.size else f"seed {point.seed}"
        yield _row("check", f"at {where}", point, tuning, columns)


def _at_size(tuning: Tuning) -> list[Point]:
    """The baseline where the search was."""
    if tuning.baseline == tuning.strategy:
        return []
    return [p for p in tuning.baseline_points if (p.size, p.seed) == (tuning.size, tuning.seed)]


def _row(role: str, name: str, point: Point, tuning: Tuning, columns: list[str]) -> SettingRow:
    best = tuning.point(tuning.chosen)
    comparable = role in ("declared", "baseline", "step") and best is not None and best.goal and point.goal
    return SettingRow(
        role=role,
        name=units.clean(name, 60),
        setting=units.clean(setting_shown(point.parameters), 120),
        goal="none" if point.goal is None else goal_shown(tuning.goal, point.goal),
        factor=f"{point.goal / best.goal:.3g}x" if comparable and best and best.goal and point.goal else "",
        figures=tuple(shown(key, point.figures[key]) if key in point.figures else "" for key in columns),
        note=units.clean("; ".join(point.broken[:2]), 200),
    )
