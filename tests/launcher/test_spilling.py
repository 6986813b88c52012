import os
import random
import time

import pytest

from perfkit.launcher import spilling
from perfkit.launcher.part import read_part
from perfkit.launcher.spilling import SpillingRecord
from perfkit.recording import record
from perfkit.tracing import Operation, begin, enter, leave, span


@pytest.fixture
def recording(tmp_path):
    return SpillingRecord(tmp_path / "1-1.part")


def tree(spans):
    names = {s.id: s.name for s in spans}
    return [(s.name, names.get(s.parent), s.kind, s.error, s.attrs, s.path) for s in spans]


def work(rng, depth=0):
    for number in range(rng.randrange(1, 4)):
        with span(f"d{depth} n{number}", size=rng.randrange(3)):
            leave(enter("query", f"q{number}", {"rows": number}, None))
            if depth < 4:
                work(rng, depth + 1)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_spilled_is_what_was_recorded(recording, monkeypatch, seed):
    monkeypatch.setattr(spilling, "SPILL_AT", 20)
    monkeypatch.setattr(spilling, "KEPT", 7)
    monkeypatch.setattr(recording, "read_processor_clock", lambda thread, now: recording._limit() or now)
    with recording, record(whole_process=False) as whole:
        for number in range(20):
            work(random.Random(seed + number))
            recording._limit()
    recording.finish()
    part = read_part(recording._path)
    assert len(part.trace.spans) > 200
    assert tree(part.trace.spans) == tree(whole.trace.spans)
    times = [(s.start_ns, s.end_ns) for s in part.trace.spans]
    assert times == [(s.start_ns, s.end_ns) for s in whole.trace.spans]


def test_memory_stays_bounded(recording, monkeypatch):
    monkeypatch.setattr(spilling, "SPILL_AT", 200)
    monkeypatch.setattr(spilling, "KEPT", 50)
    most = 0
    with recording:
        for _ in range(2_000):
            with span("s"):
                pass
            recording._limit()
            most = max(most, len(recording._spans))
        assert 50 <= most <= 201
        recording.finish()
    assert len(read_part(recording._path).trace.spans) == 2_000


def test_what_has_ended_is_in_the_file_after_a_while(recording):
    with recording:
        with span("early"):
            pass
        open_span = span("open").__enter__()
        recording._next_spill_ns = time.perf_counter_ns()
        recording._limit()
        part = read_part(recording._path)
        assert [s.name for s in part.trace.spans] == ["early"]
        assert not part.complete
        open_span.__exit__(None, None, None)
        recording.finish()
    assert [s.name for s in read_part(recording._path).trace.spans] == ["early", "open"]


class Attempt(Operation, eq=False):
    """A request: its span ends for good when its body has arrived."""

    done: bool = False


def test_a_request_whose_body_is_to_come_is_written_later(recording):
    with recording:
        attempts = [Attempt(name, kind="request") for name in ("arrived", "never arrived")]
        for attempt in attempts:
            assert begin(attempt, None)
            leave(attempt)
        recording.spill()
        assert read_part(recording._path).trace.spans == []
        attempts[0].end_ns += 1_000_000
        attempts[0].done = True
        recording.spill()
        (found,) = read_part(recording._path).trace.spans
        assert (found.name, found.end_ns) == ("arrived", attempts[0].end_ns)
        recording.finish()
    assert {s.name for s in read_part(recording._path).trace.spans} == {"arrived", "never arrived"}


def test_an_unfinished_span_ends_with_the_recording(recording):
    with recording:
        span("open").__enter__()
        recording.finish()
    (found,) = read_part(recording._path).trace.spans
    assert found.error == "unfinished"
    assert found.end_ns == read_part(recording._path).trace.end_ns


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_fork_leaves_its_parents_file_alone(recording):
    with recording:
        with span("before"):
            pass
        child = os.fork()
        if not child:
            recording.abandon()
            with span("child"):
                pass
            recording.finish()
            os._exit(0)
        os.waitpid(child, 0)
        recording.finish()
    assert [s.name for s in read_part(recording._path).trace.spans] == ["before"]
