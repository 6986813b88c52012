"""All spans of a run, packed: what is in the payload, what is said of the rest, and how large it gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Frame, Span, Trace, pack
from perfkit.report.view import lanes, spans
from perfkit.report.view.span_choice import choose
from perfkit.report.view.span_columns import ERROR, REFUSED, UNDER_WAY
from perfkit.report.view.strategies import groups
from tests.report.packed import decoded
from tests.report.packed import lanes as lanes_of
from tests.report.packed import spans as spans_of
from tests.report.sample import empty_run, hostile_run, sample_run, trace_run

MS = 1_000_000


def run_of(*made: Span, end_ns: int = 100, **more):
    run = empty_run(kind="trace")
    run.trace = pack(Trace("wall", 0, end_ns, list(made), **more))
    return run


def rows_of(run, **limits):
    return spans_of(decoded(spans.of_run(run, **limits).packed))


def test_a_span_with_all_it_has():
    site = Frame("app/a.py", 7, "load")
    run = run_of(
        Span(1, None, "span", "all", 10, 90, site, task=1, thread=1),
        Span(2, 1, "query", "SELECT ?", 20, 30, site, task=1, thread=1, error="ValueError"),
        Span(3, 1, "request", "GET x", 40, 45, None, task=1, thread=1, attrs={"status": 503}),
        Span(4, 3, "wait", "sleep", 41, -1, site, task=1, thread=1),
    )
    lane, where = "thread 1, task 1", "app/a.py:7 in load"
    assert rows_of(run) == [
        (lane, "span", "all", where, None, 0, 10, 80, 0, 1),
        (lane, "query", "SELECT ?", where, "ValueError", ERROR, 20, 10, 1, 1),
        (lane, "request", "GET x", None, None, REFUSED, 40, 5, 1, 1),
        (lane, "wait", "sleep", where, None, UNDER_WAY, 41, 59, 2, 1),
    ]


def test_times_count_from_the_start_of_the_recording():
    run = empty_run(kind="trace")
    run.trace = pack(Trace("wall", 5_000, 5_100, [Span(1, None, "span", "a", 5_020, 5_030)]))
    assert [row[6:8] for row in rows_of(run)] == [(20, 10)]


def test_nothing_recorded_has_no_spans():
    assert spans.of_run(empty_run()) is None
    assert spans.of_run(run_of()) is None


def test_few_tasks_have_lanes_of_their_own_many_share_their_threads():
    few = run_of(Span(1, None, "span", "a", 0, 1, task=2, thread=1), Span(2, None, "span", "b", 1, 2))
    assert [row[0] for row in rows_of(few)] == ["the program", "thread 1, task 2"]
    many = run_of(*(Span(n, None, "span", "a", n, n + 1, task=n, thread=1 + n % 2) for n in range(1, 30)))
    assert {row[0] for row in rows_of(many)} == {"thread 1", "thread 2"}


def test_of_a_bench_run_what_the_waterfalls_show():
    run = sample_run(sizes=[20, 200])
    found = spans.of_run(run)
    scenario = run.scenarios[0]
    shown = [
        cell
        for w in scenario.worlds
        for g in groups(scenario)
        if (cells := lanes.shown(scenario, w, g))
        for cell in cells
    ]
    packed = decoded(found.packed)
    assert [lane["name"] for lane in lanes_of(packed)] == [cell.strategy for cell in shown]
    assert [lane["count"] for lane in lanes_of(packed)] == [len(cell.trace.id) for cell in shown]
    stored = sum(cell.trace is not None for cell in scenario.cells)
    assert f"{stored - len(shown)} more recordings" in found.notes[-1]
    assert list(found.titles) == [group["title"] for group in packed["groups"]]
    assert list(found.titles) == [f"leads, {waterfall.title}" for waterfall in lanes.of_scenario(scenario)]


@st.composite
def traces(draw):
    """Spans nested at random, some never ended, in a few tasks and threads, over times of any length."""
    scale = draw(st.sampled_from([1, 1_000, MS, 3_600_000 * MS]))
    began = draw(st.sampled_from([0, 7_000_000_123]))
    made: list[Span] = []
    for number in range(1, draw(st.integers(1, 30)) + 1):
        start = (made[-1].start_ns if made else began) + draw(st.integers(0, 50)) * scale
        length = draw(st.one_of(st.none(), st.integers(0, 500)))
        made.append(
            Span(
                number,
                draw(st.one_of(st.none(), st.integers(1, number))),
                draw(st.sampled_from(["query", "request", "odd"])),
                draw(st.sampled_from(["a", "b", "c"])),
                start,
                -1 if length is None else start + length * scale,
                draw(st.sampled_from([None, Frame("a.py", 1, "f"), Frame("b.py", 2, "g")])),
                task=draw(st.integers(0, 3)),
                thread=draw(st.integers(0, 2)),
                error=draw(st.sampled_from([None, "KeyError"])),
            )
        )
    end = max(max(span.start_ns, span.end_ns) for span in made)
    return Trace("wall", began, end + draw(st.integers(0, 5)) * scale, made)


@given(traces())
def test_whatever_goes_in_comes_out(trace):
    run = empty_run(kind="trace")
    run.trace = pack(trace)
    found = decoded(spans.of_run(run).packed)
    step_ns = found["groups"][0]["step_ns"]
    ends = {span.id: trace.end_ns if span.end_ns < 0 else span.end_ns for span in trace.spans}
    wanted = sorted(
        (
            span.kind,
            span.name,
            str(span.site),
            str(span.error),
            (span.start_ns - trace.start_ns) // step_ns,
            span.task,
        )
        for span in trace.spans
    )
    rows = spans_of(found)
    assert sorted((r[1], r[2], str(r[3]), str(r[4]), r[6] // step_ns, r[9]) for r in rows) == wanted
    lengths = sorted(round(max(0, ends[span.id] - span.start_ns) / step_ns) for span in trace.spans)
    assert sorted(row[7] // step_ns for row in rows) == lengths
    assert trace.duration_ns <= spans.FINEST * step_ns
    for lane in lanes_of(found):
        assert lane["end"] * step_ns >= trace.duration_ns


@given(traces(), st.integers(1, 12))
def test_of_too_many_the_slowest_operations_are_kept_whole(trace, limit):
    packed = pack(trace)
    chosen = choose(packed, limit)
    assert len(chosen.kept) == min(limit, len(trace.spans))
    assert sorted(chosen.kept + chosen.rest) == list(range(len(trace.spans)))
    pieces = list(chosen.pieces(packed, max(1, trace.duration_ns)))
    assert sum(count for _, _, count in pieces) == len(chosen.rest)
    for n in chosen.rest:
        span = trace.spans[n]
        start = span.start_ns - trace.start_ns
        assert any(a <= start and max(start, span.end_ns - trace.start_ns) <= b for a, b, _ in pieces)


def test_a_slow_operation_is_kept_with_all_below_it_before_a_fast_one():
    fast = [Span(n, None, "query", "fast", n * 10, n * 10 + 5) for n in range(1, 6)]
    slow = [
        Span(10, None, "span", "slow", 100, 900),
        *(Span(n, 10, "query", "in it", 100 + n, 101 + n) for n in range(11, 15)),
    ]
    found = spans.of_run(run_of(*fast, *slow, end_ns=1000), limit=6)
    rows = spans_of(decoded(found.packed))
    assert [row[2] for row in rows if row[0] == "the program"].count("in it") == 4
    assert [row[2] for row in rows if row[0] == "the program"].count("fast") == 1
    assert (
        sum(int(row[2].split()[0]) for row in rows if row[0] == "4 spans of the program, drawn together") == 4
    )
    assert found.count == 6
    assert "10 spans are more than this page can hold" in found.notes[0]
    assert "6 in all; 4 others are drawn together" in found.notes[0]


def test_an_operation_that_is_too_large_gives_its_slowest_parts():
    parts = [Span(n, 1, "query", f"part {n}", n * 10, n * 11) for n in range(2, 12)]
    run = run_of(Span(1, None, "span", "main", 0, 1000), *parts, end_ns=1000)
    kept = [row[2] for row in rows_of(run, limit=4) if row[0] == "the program"]
    assert kept == ["main", "part 9", "part 10", "part 11"]


@pytest.mark.parametrize("budget", [400, 1500])
def test_names_without_end_do_not_make_a_page_without_end(budget):
    made = [Span(n, None, "query", f"SELECT {n * 7919 % 10_007}", n, n + 1) for n in range(1, 400)]
    found = spans.of_run(run_of(*made, end_ns=500), budget=budget)
    assert len(found.packed) <= budget
    assert 1 <= found.count < 399
    assert "drawn together" in found.notes[0]


def test_one_span_of_each_recording_is_kept_whatever_the_budget():
    found = spans.of_run(sample_run(groups=("aiohttp",), sizes=[20]), budget=1)
    assert found.count == sum(not lane["together"] for lane in lanes_of(decoded(found.packed))) == 12


def test_a_long_recording_is_stored_in_coarser_steps():
    assert [spans.step(10**power) for power in (0, 8, 9, 12)] == [1, 1, 10, 10_000]


def test_the_legend_counts_each_kind():
    found = spans.of_run(trace_run())
    assert [(kind.name, kind.count) for kind in found.kinds] == [("request", "60"), ("span", "1")]
    assert found.summary == "61 spans of the recorded program"


def test_hostile_text_is_cleaned():
    text = "</script><b>\u202e" + "q" * 10_000
    found = decoded(spans.of_run(hostile_run(text)).packed)
    assert all("\u202e" not in word and len(word) < 300 for word in found["strings"])
    assert all(len(lane["name"]) <= 60 for lane in lanes_of(found))


def test_the_same_run_gives_the_same_bytes_and_stays_as_it_was():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    before = json.dumps([cell.trace.span_start_ns for cell in run.scenarios[0].cells])
    assert spans.of_run(run) == spans.of_run(run)
    assert json.dumps([cell.trace.span_start_ns for cell in run.scenarios[0].cells]) == before
