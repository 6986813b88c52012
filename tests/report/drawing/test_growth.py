import xml.etree.ElementTree as ET

import pytest

from perfkit.report.drawing.growth import growth
from perfkit.report.view.growth import of_scenario
from tests.report.sample import hostile_run, sample_run


def drawn(scenario):
    charts = [ET.fromstring(growth(shown)) for shown in of_scenario(scenario)]
    assert charts
    return charts


def test_each_line_is_named_at_its_end_with_its_slope():
    charts = drawn(sample_run().scenarios[0])
    assert len(charts) == 6
    texts = [text.text for text in charts[0].iter("text")]
    assert {"20", "200", "2,000", "leads", "10 s", "serial 1.00"} <= set(texts)
    assert "serial slope 1.00" in charts[0].attrib["aria-label"]


def test_no_style_no_id_and_the_pages_own_colour():
    for chart in drawn(sample_run().scenarios[0]):
        text = ET.tostring(chart, encoding="unicode")
        assert "style" not in text
        assert " id=" not in text
        assert text.count("currentColor") > 1


@pytest.mark.parametrize("name", ["$\\frac{1$", "_hidden", '<b>&"\' style="x: y"', "x" * 500])
def test_any_name_is_drawn_as_it_is(name):
    run = hostile_run(name)
    for chart in drawn(run.scenarios[0]):
        texts = [text.text or "" for text in chart.iter("text")]
        assert any(text.startswith(name[:10]) for text in texts)
        assert max(map(len, texts)) < 40


def test_a_size_of_nothing_has_no_place_on_a_logarithmic_axis():
    scenario = sample_run(groups=("aiohttp",)).scenarios[0]
    scenario.sizes[0] = 0
    for cell in scenario.cells:
        cell.size = 0 if cell.size == 20 else cell.size
    for chart in drawn(scenario):
        assert "0" not in [text.text for text in chart.iter("text")]
