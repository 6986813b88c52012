"""Matplotlib's drawings in a page: no style sheet, ids of their own, the page's colour, the same bytes."""

import re
import xml.etree.ElementTree as ET

import pytest

from perfkit.report.drawing.heatmap import heat_map
from perfkit.report.drawing.inline_svg import inline
from tests.report.view.test_tuned import tuning

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def drawing():
    return heat_map(tuning())


def test_a_drawing_is_the_same_each_time_whatever_the_users_settings(drawing):
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert heat_map(tuning()) == drawing
        assert mpl.rcParams["font.size"] == 30


def test_inline_drawings_need_no_style_sheet_and_share_no_id(drawing):
    first, second = (inline(drawing.decode(), prefix, "label") for prefix in ("a", "b"))
    ids = [set(re.findall(r' id="([^"]*)"', text)) for text in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert not re.search(r"style|#010203|xlink|metadata|<!--|font-family=\"(?!system-ui)", first)
    assert "currentColor" in first
    ET.fromstring(first)


@pytest.mark.parametrize("name", ["$\\frac{1$", "_hidden", '<b>&"\' style="x: y"'])
def test_any_name_is_drawn_as_it_is(name):
    made = tuning(parameters={name: [1, 2]}, points=[], knee=None, chosen=None)
    text = inline(heat_map(made).decode(), "g", "label")
    texts = [element.text for element in ET.fromstring(text).iter() if element.tag.endswith("text")]
    assert name in texts
