import re
import xml.etree.ElementTree as ET

from perfkit.report.index.chart import BOTTOM, TOP, chart
from perfkit.report.index.trends import Point, Series


def series(*values, labels=None, strategy="batched"):
    labels = labels or [f"r{number}" for number in range(len(values))]
    points = tuple(Point(value, label) for value, label in zip(values, labels, strict=True))
    return Series(strategy, "requests", "4", "as in r1", "same", points)


def test_values_are_drawn_from_0_up():
    drawn = chart(series(0, 5, 10))
    assert f"M300 {BOTTOM:g}L5000 {(TOP + BOTTOM) / 2:g}L9700 {TOP:g}" in drawn


def test_the_line_is_interrupted_where_nothing_was_measured():
    drawn = chart(series(10, None, 10, 10))
    assert f'd="M300 {TOP:g}M6567 {TOP:g}L9700 {TOP:g}"' in drawn
    assert drawn.count("h0") == 3


def test_all_values_0():
    assert f"M300 {BOTTOM:g}L9700 {BOTTOM:g}" in chart(series(0, 0))


def test_the_newest_revision_is_always_named_and_none_touch():
    drawn = chart(series(*[1] * 50, labels=[f"rev{n:02}" for n in range(50)]))
    assert re.findall(r">(rev\d\d)<", drawn) == ["rev00", "rev16", "rev32", "rev49"]


def test_a_revision_is_named_where_it_first_stands():
    drawn = chart(series(1, 1, 1, 1, labels=["a", "a", "a", "b"]))
    assert re.findall(r'x="([\d.]+)%"[^>]*>(a|b)<', drawn) == [("0", "a"), ("100", "b")]


def test_it_says_in_words_what_it_shows():
    root = ET.fromstring(chart(series(1, 2)))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "batched, requests, 2 runs: 4, as in r1"


def test_hostile_texts_are_escaped():
    root = ET.fromstring(chart(series(1, 2, labels=["</svg><b>", '"&'], strategy='"><script>')))
    assert root.get("aria-label").startswith('"><script>,')
    assert not root.findall(".//b")
