"""Lanes: every span once, and nothing that overlaps without lying inside."""

from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.model import Span, Trace, peak_overlap
from perfkit.report.formats.recordings import end_of, lanes, recordings
from tests.report.formats.runs import RUNS
from tests.report.sample import sample_run


def span(number, start, end, parent=None, task=0, thread=0):
    return Span(number, parent, "request", f"s{number}", start, end, task=task, thread=thread)


def numbers(*spans, **options):
    return [[one.id for one in lane.spans] for lane in lanes(Trace("wall", 0, 100, list(spans)), **options)]


def test_a_child_stands_on_its_parents_lane():
    assert numbers(span(1, 0, 9), span(2, 1, 3, parent=1), span(3, 3, 9, parent=1)) == [[1, 2, 3]]


def test_what_overlaps_gets_a_lane_of_its_own_and_leaves_it():
    at_once = [span(1, 0, 9), span(2, 1, 4, 1), span(3, 2, 5, 1), span(4, 5, 6, 1), span(5, 10, 12)]
    assert numbers(*at_once) == [[1, 2, 4, 5], [3]]


def test_a_span_is_not_put_below_a_stranger():
    assert numbers(span(1, 0, 9), span(2, 1, 3)) == [[1], [2]]


def test_tasks_and_threads():
    spans = [span(1, 0, 9, task=1), span(2, 0, 9, task=2), span(3, 9, 12, task=3), span(4, 0, 3, thread=2)]
    assert numbers(*spans) == [[1], [2], [3], [4]]
    assert numbers(*spans, by_task=False) == [[1, 3], [2], [4]]
    names = [lane.name for lane in lanes(Trace("wall", 0, 9, [*spans, span(5, 1, 2)]))]
    assert names == ["task 1", "task 2", "task 3", "thread 2", "main"]
    assert lanes(Trace("wall", 0, 9, [span(1, 0, 5), span(2, 1, 9)]))[1].name == "at once 2"


def test_an_unfinished_span_takes_no_time():
    assert numbers(span(1, 0, -1), span(2, 0, 5)) == [[2], [1]]


spans_of_any_shape = st.lists(
    st.tuples(st.integers(0, 30), st.integers(-1, 30), st.integers(0, 12), st.integers(0, 1)), max_size=12
).map(
    lambda rows: [
        span(number, start, end, parent or None, task)
        for number, (start, end, parent, task) in enumerate(rows, 1)
    ]
)


@given(spans_of_any_shape, st.booleans())
@settings(max_examples=300, deadline=None)
def test_lanes_nest_and_hold_each_span_once(spans, by_task):
    found = lanes(Trace("wall", 0, 30, spans), by_task=by_task)
    assert sorted(one.id for lane in found for one in lane.spans) == [one.id for one in spans]
    for lane in found:
        assert [one.start_ns for one in lane.spans] == sorted(one.start_ns for one in lane.spans)
        for place, inner in enumerate(lane.spans):
            for outer in lane.spans[:place]:
                assert end_of(outer) <= inner.start_ns or end_of(inner) <= end_of(outer)


def test_there_are_no_more_lanes_than_calls_at_once():
    spans = [span(number, number, number + 40) for number in range(1, 2_000)]
    assert len(lanes(Trace("wall", 0, 3_000, spans))) == peak_overlap(spans) == 40


def test_each_stored_recording_has_a_name():
    names = [one.name for one in recordings(sample_run(groups=("aiohttp",), sizes=[20]))]
    assert names[0] == "leads: aiohttp_serial at 20 leads on own"
    assert len(names) == len(set(names)) == 24
    assert [one.name for one in recordings(RUNS["trace"]())] == ["perfkit run app/report.py"]
