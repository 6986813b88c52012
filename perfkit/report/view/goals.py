"""What strategies are compared by: elapsed time, or the durations that the scenario names as its goal."""

from __future__ import annotations

from collections.abc import Mapping

from perfkit.bench.recommended import in_time, time_ns
from perfkit.model import Cell, ScenarioResult
from perfkit.report import units

ELAPSED = "elapsed"


def name(scenario: ScenarioResult) -> str:
    """What is compared, as a heading.

    >>> name(ScenarioResult("s", "", "", "", "", [], [], [], goal={"card_p50_ns": 1, "wait_p50_ns": 0.5}))
    'card p50 + 0.5 wait p50'
    """
    return spelled(scenario.goal) if in_time(scenario) else ELAPSED


def spelled(goal: Mapping[str, float]) -> str:
    """A goal in words; that of the elapsed time is "elapsed"."""
    parts = [
        f"{'' if weight == 1 else f'{weight:g} '}{figure.removesuffix('_ns').replace('_', ' ')}"
        for figure, weight in goal.items()
    ]
    return units.clean(" + ".join(parts), 80)


def spread_ns(scenario: ScenarioResult, cell: Cell) -> tuple[int, int]:
    """The least and the most among the samples; of a goal's figures there is one sample only."""
    one = time_ns(scenario, cell) or 0
    times = [sample.elapsed_ns for sample in cell.samples] if not in_time(scenario) else []
    return (min(times), max(times)) if times else (one, one)
