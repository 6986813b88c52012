import itertools
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.drawing.chart import Line, Panel, path, spread, thinned
from perfkit.report.drawing.scale import Scale


@given(st.lists(st.floats(0, 100), max_size=30), st.floats(1, 20))
def test_names_keep_their_order_and_never_touch_where_there_is_room(wanted, gap):
    places = spread(wanted, gap, 0, 100)
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert ordered == sorted(ordered)
    assert all(-0.001 <= place <= 100.001 for place in places)
    least = min(gap, 100 / max(1, len(wanted) - 1))
    assert all(b - a >= least - 0.001 for a, b in itertools.pairwise(ordered))


def test_names_that_have_room_stay_where_they_are():
    assert spread([50, 10, 30], 5, 0, 100) == [50, 10, 30]


@given(st.lists(st.tuples(st.integers(0, 9_999), st.integers(-50, 50)), min_size=1, max_size=3_000))
def test_a_thinned_line_is_short_and_keeps_its_extremes(points):
    points = sorted(points)
    kept = thinned(points)
    assert len(kept) <= max(400, 2)
    assert {min(y for _, y in points), max(y for _, y in points)} <= {y for _, y in kept}
    assert kept == sorted(kept)


def test_relative_steps_lead_back_to_the_points():
    assert path([[(0, 1), (10, 2.25), (5, 0)]]) == "M0 1l1000 1.2l-500 -2.2"


def panel():
    return Panel(Scale(0, 10, "linear"), Scale(0, 10, "linear"), 10, 60, 0, 100)


def test_lines_that_look_alike_are_one_path_and_each_has_its_name():
    lines = [Line(f"n{number}", [[(0, number), (10, number)]]) for number in range(9)]
    lines.append(Line("none", [[]]))
    lines.append(Line("flawed", [[(0, 0)], [(4, 4), (6, 4)]], dashed=True))
    drawn = ET.fromstring(f"<g>{''.join(panel().lines(lines, dots=True))}</g>")
    assert [text.text for text in drawn.iter("text")] == [f"n{n}" for n in range(9)] + ["flawed"]
    paths = list(drawn.iter("path"))
    # eight colours, one dashed line, the dots, the leaders
    assert len(paths) == 8 + 1 + 1 + 1
    assert sum("stroke-dasharray" in path.attrib for path in paths) == 1
    assert paths[-2].attrib["d"].count("h0") == 9 * 2 + 3


def test_level_lines_have_labels():
    (levels, labels) = panel().grid("{:g} s".format)
    assert levels.count("M") == 6
    assert [text.text for text in ET.fromstring(labels).iter("text")] == [
        f"{n} s" for n in (0, 2, 4, 6, 8, 10)
    ]
