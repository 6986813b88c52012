import pytest

from perfkit.model import Span, Trace
from perfkit.model.split import TimeSplit, split_by_name, split_trace


def span(number, parent, kind, start, end, cpu=-1, name="s", **attrs):
    return Span(number, parent, kind, name, start, end, attrs=attrs, cpu_ns=cpu)


def trace(*spans, cpu=-1, end=100):
    return Trace("wall", 0, end, list(spans), cpu_ns=cpu)


def test_what_an_operation_computes_is_not_waited():
    split = split_trace(trace(span(1, None, "query", 10, 40, cpu=20), cpu=30))
    assert split == TimeSplit(100, 30, 10, 0, 0)
    assert split.other_ns == 60


@pytest.mark.parametrize(
    ("kind", "attrs", "expected"),
    [
        ("query", {}, (10, 0, 0)),
        ("transaction", {}, (10, 0, 0)),
        ("connect", {"system": "sqlite"}, (10, 0, 0)),
        ("connect", {}, (0, 10, 0)),
        ("request", {}, (0, 10, 0)),
        ("wait", {}, (0, 0, 10)),
        ("span", {}, (0, 0, 0)),
        ("blocked", {}, (0, 0, 0)),
        ("allow", {}, (0, 0, 0)),
    ],
)
def test_each_kind_has_its_sort(kind, attrs, expected):
    split = split_trace(trace(span(1, None, kind, 0, 10, **attrs)))
    assert (split.queries_ns, split.requests_ns, split.waits_ns) == expected


def test_moments_under_way_at_once_count_once():
    split = split_trace(
        trace(
            span(1, None, "request", 0, 50),
            span(2, None, "request", 20, 60),
            span(3, None, "query", 40, 70),
            span(4, None, "wait", 0, 90),
        )
    )
    assert (split.queries_ns, split.requests_ns, split.waits_ns, split.other_ns) == (30, 40, 20, 10)


def test_an_operation_that_outlives_its_span_counts_only_inside():
    found = split_by_name(
        trace(span(1, None, "span", 0, 20, cpu=3, name="page"), span(2, 1, "request", 10, 50, cpu=0))
    )
    assert found == {"page": TimeSplit(20, 3, 0, 10, 0)}


def test_spans_of_one_name_are_summed_and_each_has_what_is_below_it():
    found = split_by_name(
        trace(
            span(1, None, "span", 0, 20, cpu=2, name="page"),
            span(2, 1, "span", 5, 15, cpu=1, name="part"),
            span(3, 2, "query", 6, 10, cpu=0),
            span(4, None, "span", 30, 40, cpu=4, name="page"),
            span(5, None, "query", 50, 60, cpu=0),
        )
    )
    assert found == {"page": TimeSplit(30, 6, 4, 0, 0), "part": TimeSplit(10, 1, 4, 0, 0)}


def test_unknown_processor_time_is_not_zero():
    split = split_trace(trace(span(1, None, "query", 0, 10)))
    assert split.computing_ns == -1
    assert split.parts == (("other", 90), ("waiting on queries", 10))


def test_threads_may_use_more_than_the_whole():
    assert split_trace(trace(cpu=180)).other_ns == 0
