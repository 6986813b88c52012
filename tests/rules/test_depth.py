from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Span, Trace
from perfkit.rules.depth import ROUND_TRIPS, depth


def trace_of(intervals, kind="query"):
    spans = [Span(n, None, kind, "x", start, end) for n, (start, end) in enumerate(intervals, 1)]
    return Trace("virtual", 0, 100, spans)


def longest(intervals):
    """By trying every subset."""

    def chained(chosen):
        return all(before[1] <= after[0] for before, after in pairwise(chosen))

    ordered = sorted(intervals, key=lambda times: (times[0], times[1]))
    sizes = range(len(ordered), 0, -1)
    return next((n for n in sizes if any(chained(chosen) for chosen in combinations(ordered, n))), 0)


intervals = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=8,
)


@given(intervals)
def test_it_is_the_longest_chain_there_is(times):
    assert depth(trace_of(times)) == longest(times)


@given(intervals, st.randoms())
def test_the_order_of_spans_does_not_matter(times, random):
    shuffled = list(times)
    random.shuffle(shuffled)
    assert depth(trace_of(shuffled)) == depth(trace_of(times))


def test_what_runs_at_once_counts_once():
    assert depth(trace_of([(0, 10)] * 50)) == 1
    assert depth(trace_of([(n * 10, n * 10 + 10) for n in range(50)])) == 50


def test_operations_of_no_duration_at_one_moment_are_a_chain():
    assert depth(trace_of([(5, 5), (5, 5), (0, 5)])) == 3


def test_only_round_trips_that_have_ended_count():
    spans = [Span(n, None, kind, "x", n * 10, n * 10 + 5) for n, kind in enumerate(ROUND_TRIPS, 1)]
    others = [Span(9, None, "span", "x", 90, 95), Span(8, None, "wait", "x", 80, 85)]
    assert depth(Trace("virtual", 0, 100, [*spans, *others, Span(7, None, "query", "x", 99)])) == 4
    assert depth(Trace("virtual", 0, 100)) == 0
