import re

from perfkit.report.drawing import svg
from perfkit.report.drawing.waterfall import waterfall
from perfkit.report.view.page import page
from tests.report.sample import trace_run


def test_many_bars_are_one_line_in_hundredths_of_per_cent():
    shape = svg.strokes([(0, 12.5, 2), (99.99, 100, 7.5)], 4, "red")
    assert 'viewBox="0 0 10000 11.5"' in svg.stretched([shape], 11.5)
    assert '<path d="m0 4h1250m8735 5.5h15" stroke="red" stroke-width="4"' in shape


def test_empty_frames_follow_each_other():
    shape = svg.outlines([(0, 12.5, 2), (99.99, 100, 7.5)], 4, "red")
    assert '<path d="m0 2h1250v4h-1250zm9985 5.5h15v4h-15z" stroke="red"' in shape


def test_every_call_is_drawn_and_refused_ones_apart():
    drawn = waterfall(page(trace_run()).trace.waterfall)
    grid, answered, refused, together, refused_together, ends = re.findall(r'<path d="([^"]*)"', drawn)
    assert grid.count("M") == grid.count("v") > 2
    assert (answered.count("h"), refused.count("z")) == (36, 4)
    assert (together.count("h"), refused_together.count("z")) == (3, 2)
    assert drawn.count(f'stroke="{svg.VERMILION}"') == 2
    assert ends.count("M") == 1


def test_nothing_of_a_kind_draws_no_path():
    assert svg.strokes([], 4, "red") == svg.outlines([], 4, "red") == svg.uprights([], "") == ""
