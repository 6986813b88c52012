import asyncio
import itertools
import threading
import time

import pytest

from perfkit.errors import UsageError
from perfkit.model import HostFacts
from perfkit.tracing import Clock, Recording, current_clock, span
from perfkit.tracing.recorder import UNFINISHED


def ticking():
    return Clock("virtual", itertools.count(0, 10).__next__)


def test_counts_and_timings(recording):
    with recording:
        for _ in range(3):
            with span("load"):
                pass
    assert recording.counts["span"] == 3
    assert recording.counts["request"] == 0
    timing = recording.timings["load"]
    assert (timing.count, timing.total_ns, timing.mean_ns, timing.p50_ns, timing.p95_ns, timing.max_ns) == (
        3,
        30,
        10,
        10,
        10,
        10,
    )


def test_percentiles_are_values_that_occurred():
    times = iter([0, *itertools.chain.from_iterable((0, n) for n in range(1, 101)), 0])
    with Recording(clock=Clock("virtual", times.__next__)) as rec:
        for _ in range(100):
            with span("s"):
                pass
    timing = rec.timings["s"]
    assert (timing.p50_ns, timing.p95_ns, timing.max_ns) == (50, 95, 100)


def test_an_unfinished_span_is_closed_with_the_recording(recording):
    with recording:
        span("open").__enter__()
    (left,) = recording.trace.spans
    assert left.error == UNFINISHED
    assert left.end_ns == recording.trace.end_ns


def test_spans_beyond_the_limit_are_counted_and_said():
    with Recording(clock=ticking(), max_spans=2) as rec:
        for _ in range(5):
            with span("s"):
                pass
    assert len(rec.trace.spans) == 2
    assert rec.trace.dropped == 3
    assert rec.trace.warnings == ["3 spans were dropped: only the newest 2 are kept"]


def test_a_nested_recording_hands_on_within_the_limit():
    with Recording(max_spans=2) as outer, Recording() as inner:
        for _ in range(3):
            with span("s"):
                pass
    assert len(inner.trace.spans) == 3
    assert (len(outer.trace.spans), outer.trace.dropped) == (2, 1)


def test_the_trace_is_a_copy(recording):
    with recording:
        with span("a"):
            pass
        first = recording.trace
        with span("b"):
            pass
    assert len(first.spans) == 1
    assert len(recording.trace.spans) == 2


def test_hosts_and_clock_are_handed_on():
    with Recording(clock=ticking(), hosts=[HostFacts("h", rtt_ns=3)]) as rec:
        pass
    assert rec.trace.clock == "virtual"
    assert rec.trace.facts("h").rtt_ns == 3


def test_threads_from_before_are_followed_only_for_the_whole_process():
    def work(started, may_go):
        started.set()
        may_go.wait()
        with span("thread"):
            pass

    for whole, expected in ((False, []), (True, ["thread"])):
        started, may_go = threading.Event(), threading.Event()
        thread = threading.Thread(target=work, args=(started, may_go))
        thread.start()
        started.wait()
        with Recording(whole_process=whole) as rec:
            may_go.set()
            thread.join()
        assert [s.name for s in rec.trace.spans] == expected
    with span("afterwards"):
        pass
    assert len(rec.trace.spans) == 1


def test_the_clock_in_force_is_taken(monkeypatch):
    assert current_clock().kind == "wall"
    monkeypatch.setattr(time, "perf_counter_ns", lambda: 42)
    assert current_clock().kind == "virtual"
    assert current_clock().now_ns() == 42


def test_an_exception_passes_and_the_recording_is_kept(recording):
    with pytest.raises(RuntimeError), recording, span("s"):
        raise RuntimeError
    assert recording.trace.spans[0].error == "RuntimeError"


def test_a_recording_on_another_clock_keeps_its_spans_and_that_is_said():
    with Recording() as outer:
        for _ in range(2):
            with Recording(clock=ticking()) as inner, span("virtual"):
                pass
        with span("wall"):
            pass
    assert [s.name for s in inner.trace.spans] == ["virtual"]
    assert [s.name for s in outer.trace.spans] == ["wall"]
    assert outer.trace.warnings == [
        "2 spans of a recording on another clock (virtual) are not here: their times do not fit"
    ]


def test_entering_again_starts_anew(recording):
    for name in ("first", "second"):
        with recording, span(name):
            pass
        assert [s.name for s in recording.trace.spans] == [name]
        assert recording.counts["span"] == 1


def test_a_recording_under_way_cannot_be_entered(recording):
    with recording:
        with pytest.raises(UsageError, match="under way already"):
            recording.__enter__()
        with span("s"):
            pass
    assert len(recording.trace.spans) == 1


def test_before_it_is_entered_a_recording_is_empty(recording):
    trace = recording.trace
    assert (trace.spans, trace.start_ns, trace.end_ns, trace.clock) == ([], 0, 0, "virtual")


def test_tasks_of_one_name_are_different_tasks(recording):
    async def work():
        with span("s"):
            await asyncio.sleep(0)
        with span("s"):
            pass

    async def main():
        tasks = [asyncio.create_task(work(), name="same") for _ in range(2)]
        await asyncio.gather(*tasks)

    with recording:
        asyncio.run(main())
        asyncio.run(main())
    assert [s.task for s in recording.trace.spans] == [1, 2, 1, 2, 3, 4, 3, 4]


def test_spans_of_inner_recordings_lie_below_the_span_around_them():
    clock = ticking()
    outer, middle, inner = (Recording(clock=clock) for _ in range(3))
    with outer, span("around"), middle, inner, span("top"), span("leaf"):
        pass
    assert [(s.name, s.parent) for s in outer.trace.spans] == [("around", None), ("top", 1), ("leaf", 2)]
    for own in (middle, inner):
        assert [(s.name, s.parent) for s in own.trace.spans] == [("top", None), ("leaf", 1)]


def test_a_span_that_ended_before_is_no_parent_across_recordings():
    clock = ticking()
    with Recording(clock=clock) as outer:
        around = span("around")
        around.__enter__()
        with Recording(clock=clock):
            around.__exit__(None, None, None)
            with span("late"):
                pass
    assert [(s.name, s.parent) for s in outer.trace.spans] == [("around", None), ("late", None)]
