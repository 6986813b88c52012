from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Span, busy_ns
from perfkit.rules.timeline import Timeline

intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=20)


def spans_of(pairs):
    return [Span(1, None, "request", "r", start, start + took) for start, took in sorted(pairs)]


@given(intervals)
def test_the_whole_is_the_union(pairs):
    spans = spans_of(pairs)
    assert Timeline(spans).busy_ns(-1, 1000) == busy_ns(spans)


@given(intervals, st.integers(-5, 90), st.integers(-5, 90))
def test_a_part_is_the_union_within_it(pairs, start, end):
    spans = spans_of(pairs)
    moments = {at for s in spans for at in range(s.start_ns, s.end_ns)}
    assert Timeline(spans).busy_ns(start, end) == sum(start <= at < end for at in moments)
