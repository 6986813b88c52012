"""Strategies are compared by what the scenario names as its goal."""

from __future__ import annotations

from perfkit.bench.recommended import time_ns
from perfkit.model import Cell, Sample, ScenarioResult, StrategyInfo, WorldInfo
from perfkit.report.view import goals, headline, strategies
from perfkit.report.view.page import page
from tests.report.sample import empty_run
from tests.report.terminal.consoles import shown

GOAL = {"card_p50_ns": 1.0, "late_p50_ns": 0.5}


def day(goal: dict[str, float], **figures: dict[str, float]) -> ScenarioResult:
    """A day that takes an hour with every strategy; the first is the baseline."""
    infos = [StrategyInfo(name, "", baseline=number == 0) for number, name in enumerate(figures)]
    cells = [
        Cell("own", name, 15, samples=[Sample(1, 3_600_000_000_000)], agrees=True, figures=measured)
        for name, measured in figures.items()
    ]
    worlds = [WorldInfo("own", "own server")]
    return ScenarioResult("day", "", "", "", "calls", [15], worlds, infos, cells, goal=goal)


def test_the_goal_decides_headline_bars_and_factors_and_not_the_hour_that_all_take():
    slow, fast = (
        {"card_p50_ns": 8e9, "late_p50_ns": 4e9},
        {"card_p50_ns": 2e9, "late_p50_ns": 1e9},
    )
    run = empty_run(scenarios=[day(GOAL, serial=slow, parallel=fast)])
    said = headline.headlines(run)[0]
    assert said.gain == "parallel 4.0x faster than serial"
    assert said.effect == (
        "card p50 + 0.5 late p50 is 2.50 s with parallel where it is 10.0 s with serial: 4.0x, "
        "at 15 calls on own server."
    )
    assert said.facts[0] == ("card p50 + 0.5 late p50", "10.0 s", "2.50 s")
    panel = page(run).scenarios[0].worlds[0].panels[0]
    assert panel.measure == "card p50 + 0.5 late p50"
    assert [(row.elapsed, row.factor) for row in panel.groups[0].rows] == [
        ("10.0 s", "baseline"),
        ("2.50 s", "4.0x"),
    ]
    assert [bar.elapsed_ns for bar in panel.groups[0].bars] == [10_000_000_000, 2_500_000_000]
    head = next(line for line in shown(run, width=200).splitlines() if line.startswith("strategy "))
    assert "card p50 + 0.5 late p50    factor" in head


def test_a_cell_without_a_figure_of_the_goal_is_not_compared():
    scenario = day(GOAL, serial={"card_p50_ns": 8e9, "late_p50_ns": 4e9}, lost={"card_p50_ns": 1.0})
    assert time_ns(scenario, scenario.cells[1]) is None
    assert strategies.factor(scenario, scenario.cells[1]) == ""
    said = headline.headlines(empty_run(scenarios=[scenario]))[0]
    assert said.effect.startswith("serial takes 10.0 s (card p50 + 0.5 late p50) at 15 calls")


def test_a_goal_of_bytes_is_for_the_tuner_and_reports_keep_to_the_time():
    scenario = day({"peak_bytes": 1.0}, serial={"peak_bytes": 8.0}, small={"peak_bytes": 1.0})
    assert goals.name(scenario) == "elapsed"
    assert time_ns(scenario, scenario.cells[0]) == 3_600_000_000_000
