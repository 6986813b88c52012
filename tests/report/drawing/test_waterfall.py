import re

from perfkit.report.drawing import svg
from perfkit.report.drawing.waterfall import waterfall
from perfkit.report.view.page import page
from tests.report.sample import trace_run


def test_many_bars_are_one_shape_in_hundredths_of_per_cent():
    shape = svg.bars([(0, 12.5, 2), (99.99, 100, 7.5)], 4, 'fill="red"')
    assert 'viewBox="0 0 10000 11.5"' in shape
    assert '<path d="M0 2h1250v4h-1250zM9985 7.5h15v4h-15z" fill="red"' in shape


def test_every_call_is_drawn_and_refused_ones_apart():
    drawn = waterfall(page(trace_run()).trace.waterfall)
    answered, refused, together, refused_together = re.findall(r'<path d="([^"]*)"', drawn)
    assert (answered.count("M"), refused.count("M")) == (36, 4)
    assert (together.count("M"), refused_together.count("M")) == (3, 2)
    assert drawn.count('fill="none" stroke="#d5561f"') == 2
