import xml.etree.ElementTree as ET

import pytest

from perfkit.model import Mark, Series
from perfkit.report.drawing.timeline import places, timeline
from perfkit.report.formats.html import render_html
from perfkit.report.units import HOUR_NS, clock
from perfkit.report.view.figures import columns, tables
from tests.report.sample import hostile_run, sample_run

pytestmark = pytest.mark.once

STEP = HOUR_NS // 12


@pytest.fixture
def run():
    made = sample_run(groups=("aiohttp",))
    scenario = made.scenarios[0]
    scenario.marks = [Mark("accident: <slow> & $late", 2 * STEP, 3 * STEP)]
    for number, cell in enumerate(scenario.cells):
        if cell.world != "far":
            cell.figures = {"card_p50_ns": 1.5e9 * (number + 1), "lost": 0, "sent": 10 + number}
            cell.series = [
                Series("waiting", "commands", 0, STEP, [0, number, None, 1]),
                Series("card delay", "ns", 0, STEP, [1e9, 2e9 * (number + 1), None, 5e8]),
            ]
    return made


def texts(drawing):
    return [element.text or "" for element in ET.fromstring(drawing).iter() if element.tag.endswith("text")]


def test_worlds_with_series_at_their_largest_size(run):
    scenario = run.scenarios[0]
    assert places(scenario) == [("own", 2000), ("cloud", 2000)]
    for cell in scenario.cells:
        if cell.world == "cloud" and cell.strategy != "aiohttp_serial":
            cell.series = []
    assert places(scenario) == [("own", 2000)]
    for cell in scenario.cells:
        if cell.world == "own":
            cell.series = []
    assert places(scenario) == [("cloud", 2000)]


def test_each_series_is_a_panel_and_each_strategy_a_line(run):
    shown = texts(timeline(run.scenarios[0], "own", 2000, "label"))
    assert {"waiting", "card delay", "aiohttp_serial", "aiohttp_batched"} <= set(shown)
    assert "0:15" in shown


def test_it_is_the_same_each_time(run):
    scenario = run.scenarios[0]
    assert timeline(scenario, "own", 2000, "x") == timeline(scenario, "own", 2000, "x")


@pytest.mark.parametrize("name", ["$\\frac{1$", "_hidden", "<b>&\"'", "x"])
def test_any_name_is_drawn_as_it_is(name):
    scenario = hostile_run(name).scenarios[0]
    cell = next(cell for cell in scenario.cells if cell.status == "ok")
    cell.series = [Series(name, name, 0, STEP, [1, 2])]
    drawing = timeline(scenario, cell.world, cell.size, "label")
    assert any(name in text for text in texts(drawing))


def test_series_of_one_value_or_none_are_drawn(run):
    scenario = run.scenarios[0]
    for values in ([], [None], [0.0]):
        for cell in scenario.cells:
            cell.series = [Series("late", "ns", 5 * HOUR_NS, 1, values)]
        drawing = ET.fromstring(timeline(scenario, "own", 20, "label"))
        assert "late" in [text.text for text in drawing.iter("text")]


def test_a_long_series_stays_small_and_weeks_have_few_times(run):
    scenario = run.scenarios[0]
    for cell in scenario.cells:
        cell.series = [
            Series("late", "ns", 0, 60_000_000_000, [float(n % 977) * 1e9 for n in range(100_000)])
        ]
    drawing = timeline(scenario, "own", 20, "label")
    assert len(drawing) < 60_000
    assert sum(":" in text for text in texts(drawing)) <= 12


@pytest.mark.parametrize(("ns", "shown"), [(0, "0:00"), (11 * HOUR_NS, "11:00"), (90e9, "0:01:30")])
def test_times(ns, shown):
    assert clock(ns) == shown


def test_a_table_for_each_world_and_size(run):
    found = tables(run.scenarios[0])
    assert [table.place for table in found[:2]] == ["own server, 20 leads", "own server, 200 leads"]
    assert found[0].columns == ("card p50", "sent")
    assert found[0].rows[0].figures == ("1.5 s", "10")
    assert found[0].rows[0].role == "baseline"


def test_durations_come_first_and_what_is_plain_before_what_is_special(run):
    names = ["z", "accident_card_max_ns", "accident_card_p50_ns", "card_max_ns", "card_p50_ns", "wait_ns"]
    cell = run.scenarios[0].cells[0]
    cell.figures = dict.fromkeys(names, 1.0)
    assert columns([cell]) == [
        "wait_ns",
        "card_p50_ns",
        "card_max_ns",
        "accident_card_p50_ns",
        "accident_card_max_ns",
        "z",
    ]


def test_the_page_has_pictures_and_tables_and_escapes_all(run):
    page = render_html(run)
    assert "What the strategies measured" in page
    assert page.count("Figures over time, ") == 2
    assert "accident: &lt;slow&gt; &amp; $late" in page


def test_a_page_without_figures_has_no_section():
    assert "What the strategies measured" not in render_html(sample_run(groups=("aiohttp",)))
