import re
import xml.etree.ElementTree as ET

import pytest

from perfkit.report.drawing.inline_svg import inline
from perfkit.report.drawing.picture import curves, growth_figure, main_figure
from tests.report.sample import empty_run, hostile_run, sample_run

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def run():
    return sample_run()


def test_slopes_are_those_of_the_measured_points(run):
    slopes = {info.name: slope for info, _, slope in curves(run.scenarios[0], "own", "aiohttp")}
    assert slopes["aiohttp_serial"] == pytest.approx(1, abs=0.001)
    assert slopes["aiohttp_batched"] == pytest.approx(0.807, abs=0.01)


def test_a_drawing_is_the_same_each_time_whatever_the_users_settings(run):
    import matplotlib as mpl

    first = growth_figure(run.scenarios[0], "own", "aiohttp")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert growth_figure(run.scenarios[0], "own", "aiohttp") == first
        assert mpl.rcParams["font.size"] == 30


def test_all_panels_in_one_picture(run):
    drawing = main_figure(run, run.scenarios[0]).decode()
    assert drawing.count("slope") == 16 + 14 + 16
    assert main_figure(run, run.scenarios[0], kind="png").startswith(b"\x89PNG")


def test_failed_strategies_have_no_curve(run):
    names = [info.name for info, _, _ in curves(run.scenarios[0], "cloud", "aiohttp")]
    assert "aiohttp_unbounded" not in names


def test_one_size_has_no_slope():
    one = sample_run(groups=("aiohttp",), sizes=[20])
    assert {slope for *_, slope in curves(one.scenarios[0], "own", "aiohttp")} == {None}
    assert b"one size" in growth_figure(one.scenarios[0], "own", "aiohttp")


@pytest.mark.parametrize("name", ["$\\frac{1$", "_hidden", '<b>&"\' style="x: y"', ""])
def test_any_name_is_drawn_as_it_is(name):
    run = hostile_run(name or "x")
    drawing = inline(growth_figure(run.scenarios[0], "own", name or "x").decode(), "g", "label")
    texts = [element.text for element in ET.fromstring(drawing).iter() if element.tag.endswith("text")]
    assert any((text or "").startswith((name or "x")[:10]) for text in texts)


def test_inline_drawings_need_no_style_sheet_and_share_no_id(run):
    drawings = [
        inline(growth_figure(run.scenarios[0], "own", group).decode(), prefix, "label")
        for group, prefix in (("aiohttp", "a"), ("fast_bitrix24", "b"))
    ]
    ids = [re.findall(r' id="([^"]*)"', drawing) for drawing in drawings]
    assert not set(ids[0]) & set(ids[1])
    for drawing in drawings:
        assert not re.search(r"style|#010203|xlink|metadata|<!--|font-family=\"(?!system-ui)", drawing)
        assert "currentColor" in drawing
        ET.fromstring(drawing)


def test_a_scenario_without_cells_is_no_error():
    run = sample_run()
    run.scenarios[0].cells = []
    assert main_figure(empty_run(), run.scenarios[0]).startswith(b"<?xml")
