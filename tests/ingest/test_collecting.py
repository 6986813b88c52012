"""Traces held until they are whole, or until there are too many spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.ingest import collecting
from perfkit.ingest.collecting import Collector
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.origins import Origin
from perfkit.model import Frame, Span

SHOP = Origin("shop")
SITE = Frame("a.py", 1, "f")


def taken(pairs):
    return [(trace, [one.id for one in held.take()]) for trace, held in pairs]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["sql", "params", "rows", "each", "cached", "x"]), JSON),
    st.sampled_from([(), (SITE,), (SITE, Frame("b.py", 2, "g"))]),
    st.sampled_from([None, "Timeout"]),
    st.integers(0, 2**62),
)
def test_spans_are_held_without_loss(attrs, path, error, start):
    span = Span(2**62, 7, "query", "SELECT ?", start, start + 5, SITE, path, 3, 4, attrs, error, 9)
    collector = Collector(LeftOut())
    collector.add("t", span, Origin())
    collector.add("t", span, SHOP)
    ((_, held),) = collector.rest()
    first, second = held.take()
    assert first == span
    assert second.attrs == attrs | {"service": "shop"}


def test_a_name_that_comes_later_counts():
    origin = Origin()
    collector = Collector(LeftOut())
    collector.add("t", Span(1, None, "span", "a", 0, 1), origin)
    origin.service = "late"
    assert next(collector.rest())[1].take()[0].attrs == {"service": "late"}


def test_equal_attributes_are_one_object():
    collector = Collector(LeftOut())
    for number in range(3):
        collector.add("t", Span(number, None, "span", "a", 0, 1, attrs={"sql": "x"}), SHOP)
    first, second, _ = next(collector.rest())[1].take()
    assert first.attrs is second.attrs


def test_the_traces_that_went_on_longest_ago_leave_first():
    noted = LeftOut()
    collector = Collector(noted, 10)
    left = []
    for number, trace in enumerate("aaabbbcccad"):
        collector.add(trace, Span(number, None, "span", "a", 0, 1), SHOP)
        left += taken(collector.overflow())
    assert left == [("b", [3, 4, 5])]
    assert taken(collector.rest()) == [("c", [6, 7, 8]), ("a", [0, 1, 2, 9]), ("d", [10])]
    assert noted.losses() == ["judged early: 1 trace (perhaps not whole: 10 spans are held at most)"]


def test_what_goes_on_after_it_left_is_told():
    noted = LeftOut()
    collector = Collector(noted, 2)
    left = []
    for number, trace in enumerate("aabba"):
        collector.add(trace, Span(number, None, "span", "a", 0, 1), SHOP)
        left += taken(collector.overflow())
    assert left == [("a", [0, 1]), ("b", [2, 3])]
    assert taken(collector.rest()) == [("a", [4])]
    assert noted.losses()[1] == "judged in parts: 1 trace (more spans followed after much else)"
    assert collector.reopened == 1


def test_a_trace_larger_than_all_that_is_held_comes_in_parts():
    collector = Collector(LeftOut(), 10)
    sizes = []
    for number in range(35):
        collector.add("a", Span(number, None, "span", "a", 0, 1), SHOP)
        sizes += [len(held) for _, held in collector.overflow()]
    assert sizes == [11, 11, 11]
    assert [len(held) for _, held in collector.rest()] == [2]


@pytest.mark.parametrize("name", ["MAX_SHAPES", "MAX_REMEMBERED"])
def test_what_is_remembered_is_bounded(monkeypatch, name):
    monkeypatch.setattr(collecting, name, 5)
    collector = Collector(LeftOut(), 3)
    for number in range(50):
        collector.add(f"t{number}", Span(number, None, "span", f"n{number}", 0, 1), SHOP)
        assert all(held.take()[0].name == f"n{trace[1:]}" for trace, held in collector.overflow())
    assert len(collector._shapes) <= 50 - 44 if name == "MAX_SHAPES" else len(collector._gone) <= 5
