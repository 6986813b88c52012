from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Frame, HostFacts, Span, Trace, busy_ns, pack, peak_overlap, unpack


def spans_of(intervals):
    return [
        Span(n, None, "request", "r", start, start + length) for n, (start, length) in enumerate(intervals)
    ]


intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12)


@given(intervals)
def test_busy_is_the_number_of_moments_covered(pairs):
    covered = {moment for start, length in pairs for moment in range(start, start + length)}
    assert busy_ns(spans_of(pairs)) == len(covered)


@given(intervals)
def test_peak_is_the_most_at_one_moment(pairs):
    depth = [sum(start <= moment < start + length for start, length in pairs) for moment in range(80)]
    assert peak_overlap(spans_of(pairs)) == max(depth)


def test_unfinished_spans_take_no_time():
    assert Span(1, None, "span", "s", 5).duration_ns == 0
    assert busy_ns([Span(1, None, "span", "s", 5)]) == 0


def test_facts_of_an_unknown_host_are_unknown():
    trace = Trace("virtual", 0, 1, hosts=[HostFacts("a", rtt_ns=5)])
    assert trace.facts("a").rtt_ns == 5
    assert trace.facts("b") == HostFacts("b")


frames = st.builds(Frame, st.sampled_from(["a.py", "b.py"]), st.integers(1, 9), st.sampled_from(["f", "g"]))
paths = st.lists(frames, max_size=3).map(tuple)
traced = st.builds(
    Span,
    id=st.integers(1, 99),
    parent=st.none() | st.integers(1, 99),
    kind=st.sampled_from(["span", "request"]),
    name=st.text(max_size=5),
    start_ns=st.integers(0, 10**15),
    end_ns=st.integers(-1, 10**15),
    site=st.none() | frames,
    path=paths,
    task=st.integers(0, 3),
    attrs=st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2),
    error=st.none() | st.just("ValueError"),
)


@given(st.lists(traced, max_size=8))
def test_packing_loses_nothing(spans):
    trace = Trace(
        "virtual", 0, 9, spans, hosts=[HostFacts("h")], probes=["aiohttp"], dropped=2, warnings=["w"]
    )
    assert unpack(pack(trace)) == trace


def test_a_packed_trace_states_what_was_left_out():
    trace = Trace("wall", 0, 9, spans_of([(0, 1)] * 5), dropped=1)
    packed = pack(trace, limit=2)
    assert (len(packed.id), packed.dropped) == (2, 4)
