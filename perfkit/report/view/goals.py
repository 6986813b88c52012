"""What strategies are compared by: elapsed time, or the durations that the scenario names as its goal."""

from __future__ import annotations

from collections.abc import Mapping

from perfkit.model import Cell, ScenarioResult
from perfkit.report import units

ELAPSED = "elapsed"


def name(scenario: ScenarioResult) -> str:
    """What is compared, as a heading.

    >>> name(ScenarioResult("s", "", "", "", "", [], [], [], goal={"card_p50_ns": 1, "wait_p50_ns": 0.5}))
    'card p50 + 0.5 wait p50'
    """
    return spelled(scenario.goal) if _in_time(scenario) else ELAPSED


def spelled(goal: Mapping[str, float]) -> str:
    """A goal in words; that of the elapsed time is "elapsed"."""
    parts = [
        f"{'' if weight == 1 else f'{weight:g} '}{figure.removesuffix('_ns').replace('_', ' ')}"
        for figure, weight in goal.items()
    ]
    return units.clean(" + ".join(parts), 80)


def time_ns(scenario: ScenarioResult, cell: Cell) -> int | None:
    """What the cell is judged by; None where it was not measured, or lacks a figure of the goal."""
    if cell.elapsed_ns is None or not _in_time(scenario):
        return cell.elapsed_ns
    figures = [cell.figures.get(figure) for figure in scenario.goal]
    known = [figure for figure in figures if figure is not None]
    if len(known) < len(figures):
        return None
    return round(sum(value * weight for value, weight in zip(known, scenario.goal.values(), strict=True)))


def spread_ns(scenario: ScenarioResult, cell: Cell) -> tuple[int, int]:
    """The least and the most among the samples; of a goal's figures there is one sample only."""
    one = time_ns(scenario, cell) or 0
    times = [sample.elapsed_ns for sample in cell.samples] if not _in_time(scenario) else []
    return (min(times), max(times)) if times else (one, one)


def _in_time(scenario: ScenarioResult) -> bool:
    """A goal of other units than time is for the tuner alone: bars and factors stay those of the time."""
    return bool(scenario.goal) and all(figure.endswith("_ns") for figure in scenario.goal)
