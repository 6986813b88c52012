"""Traces of spans that come in any order, incomplete, from machines with clocks of their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.ingest.building import MAX_DEPTH, build, by_service
from perfkit.ingest.left_out import LeftOut
from perfkit.model import Span


def span(number, parent=0, start=0, end=None, kind="span", service="", **more):
    attrs = {"service": service} if service else {}
    return Span(
        number, parent, kind, f"s{number}", start, start + 1 if end is None else end, attrs=attrs, **more
    )


def built(*spans, **options):
    noted = LeftOut()
    return build(list(spans), "wall", noted, **options), noted


def tree(trace):
    names = {one.id: one.name for one in trace.spans}
    return {one.name: names.get(one.parent) for one in trace.spans}


def test_numbers_are_in_order_of_the_starts():
    trace, noted = built(span(7, 9, 30), span(8, 9, 20), span(9, 0, 10, 50))
    assert [(one.id, one.parent, one.name, one.start_ns) for one in trace.spans] == [
        (1, None, "s9", 0),
        (2, 1, "s8", 10),
        (3, 1, "s7", 20),
    ]
    assert (trace.start_ns, trace.end_ns) == (0, 40)
    assert noted.losses() == noted.remarks() == []


def test_parents_come_first_where_they_start_together():
    trace, _ = built(span(3, 2, 5), span(2, 1, 5), span(1, 0, 5))
    assert [one.name for one in trace.spans] == ["s1", "s2", "s3"]


def test_orphans_are_roots():
    trace, noted = built(span(2, 99), span(3, 99), span(4, 2))
    assert tree(trace) == {"s2": None, "s3": None, "s4": "s2"}
    assert noted.remarks() == ["taken as roots: 2 spans with a parent that is not in the file"]


def test_a_span_comes_once():
    trace, noted = built(span(1), span(1), span(2, 1), span(0), span(0))
    assert len(trace.spans) == 4
    assert noted.losses() == ["left out: 1 span with an id that came before in the same trace"]


def test_circles_are_opened_at_their_earliest():
    trace, noted = built(span(1, 3, 10), span(2, 1, 11), span(3, 2, 9), span(4, 2, 12), span(5, 5, 1))
    assert tree(trace) == {"s3": None, "s1": "s3", "s2": "s1", "s4": "s2", "s5": None}
    assert noted.remarks() == ["taken as roots: 2 spans of a circle of parents"]


def test_a_child_cannot_start_before_its_parent():
    trace, noted = built(
        span(1, 0, 100, 200, service="a"),
        span(2, 1, 40, 60, service="b"),
        span(3, 2, 45, 50, service="b"),
        span(4, 3, 100, 110, service="c"),
        span(5, 2, 55, -1, service="b"),
    )
    assert [(one.name, one.start_ns, one.end_ns) for one in trace.spans] == [
        ("s1", 0, 100),
        ("s2", 0, 20),
        ("s3", 5, 10),
        ("s4", 5, 15),
        ("s5", 15, 15),
    ]
    assert noted.remarks() == [
        "moved: 2 spans that began before the one above, by the clocks of their machines"
    ]


def test_what_is_nested_deeply_is_moved_up():
    trace, noted = built(*(span(n + 1, n, n) for n in range(MAX_DEPTH + 10)))
    depths = {None: -1}
    for one in trace.spans:
        depths[one.id] = depths[one.parent] + 1
    assert max(depths.values()) == MAX_DEPTH + 1
    assert noted.remarks() == [f"moved up: 9 spans more than {MAX_DEPTH} levels below the first"]


def test_a_services_topmost_span_is_its_entry():
    trace, _ = built(
        span(1, 0, 0, 99, service="a"),
        span(2, 1, 1, 9, kind="request", service="a"),
        span(3, 2, 2, 8, service="b"),
        span(4, 3, 3, 4, kind="query", service="b"),
        span(5, 1, 20, 30, kind="request", service="a"),
        span(6, 5, 21, 22, kind="query", service="c"),
        span(7, 5, 23, 24),
    )
    assert [one.name for one in trace.spans if one.attrs.get("entry")] == ["s3", "s5"]


def test_threads_are_numbered_for_each_service():
    spans = [span(n + 1, 0, n, service=service) for n, service in enumerate("aabb")]
    for one, thread in zip(spans, (70, 0, 70, 9), strict=True):
        one.thread = thread
    trace, _ = built(*spans)
    assert [one.thread for one in trace.spans] == [1, 0, 2, 3]


def test_nothing_is_a_trace_too():
    trace, _ = built()
    assert (trace.spans, trace.end_ns) == ([], 0)


SPANS = st.builds(
    span,
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 50),
    st.integers(-1, 100),
    st.sampled_from(["span", "query", "request", "connect", "wait", "recording"]),
    st.sampled_from(["", "a", "b"]),
)


@given(st.lists(SPANS, max_size=25), st.booleans())
def test_any_spans_make_a_trace(spans, layered):
    for one in spans:
        one.end_ns = -1 if one.end_ns < 0 else max(one.start_ns, one.end_ns)
        one.attrs.update(sql="SELECT 1", tracer=str(one.id % 2), host="a", method="GET", template="/")
    # the first of each id is kept; those without one are all kept
    operations = [one for one in spans if one.kind != "recording"]
    first = {one.id or -number: one for number, one in reversed(list(enumerate(operations, 1)))}
    took = sorted(one.duration_ns for one in first.values())
    trace, _ = built(*spans, layered=layered)
    started = {None: 0}
    last = 0
    for number, one in enumerate(trace.spans, 1):
        assert one.id == number
        assert started[one.parent] <= one.start_ns
        assert last <= one.start_ns <= one.end_ns <= trace.end_ns
        started[one.id] = last = one.start_ns
    if not layered:
        assert sorted(one.duration_ns for one in trace.spans) == took


@pytest.mark.parametrize("kind", ["probes", "warnings"])
def test_odd_facts_of_a_recording(kind):
    recording = span(1, 0, 0, 9, kind="recording")
    recording.attrs = {kind: [5, "x"], "dropped": "many", "tracing_ns": -1}
    trace, noted = built(recording, span(2, 1, 1))
    assert (getattr(trace, kind), trace.dropped, trace.tracing_ns) == (["x"], 0, 0)
    assert tree(trace) == {"s2": None}
    assert noted.remarks() == []


def test_services_are_judged_apart():
    trace, _ = built(
        span(1, 0, 0, 99, service="a"),
        span(2, 1, 1, 50, service="b"),
        span(3, 2, 2, 40),
        span(4, 3, 3, 30, service="a"),
        span(5, 4, 4, 20, service="a"),
    )
    parts = dict(by_service(trace))
    assert {service: tree(part) for service, part in parts.items()} == {
        "a": {"s1": None, "s4": None, "s5": "s4"},
        "b": {"s2": None},
        "": {"s3": None},
    }
    assert [one.id for one in parts["a"].spans] == [1, 4, 5]
    alone, _ = built(span(1, service="a"), span(2, 1, service="a"))
    assert by_service(alone) == [("a", alone)]
