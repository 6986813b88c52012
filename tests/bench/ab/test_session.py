"""The agent's parts that need no second process."""

import asyncio
import os
import sys
import threading
import time

import pytest

from perfkit.bench.ab.site.perfkit_agent import session as agent
from perfkit.bench.ab.site.perfkit_agent.side import moved_paths, shaken


class Wire:
    """A channel whose orders are given beforehand; keeps what is sent."""

    def __init__(self, *orders):
        self.orders = list(orders)
        self.sent = []

    def send(self, kind, **values):
        self.sent.append((kind, values))

    def receive(self):
        return self.orders.pop(0)


def session_with(*orders, **setup):
    wire = Wire({"names": ["a"]}, *orders)
    session = agent.Session(wire, {"side": "head", "options": {"x": 1}, **setup})
    assert session.offer(["a", "b"]) == ["a"]
    return session, wire


def test_a_benchmark_obeys_until_it_may_leave():
    session, wire = session_with(
        {"do": "calibrate", "batch_ns": 1_000_000_000}, {"do": "batch", "loops": 7}, {"do": "leave"}
    )
    session.measure("a", lambda loops: loops * 100_000_000)
    assert wire.sent == [
        ("offer", {"names": ["a", "b"]}),
        ("at", {"name": "a"}),
        ("loops", {"loops": 10, "ns": 1_000_000_000, "alone": True}),
        ("took", {"ns": 700_000_000}),
    ]


def test_what_is_not_wanted_runs_once_and_says_nothing():
    session, wire = session_with()
    calls = []
    session.measure("b", calls.append)
    assert calls == [1]
    assert [kind for kind, _ in wire.sent] == ["offer"]


def test_what_raises_is_reported_and_raised():
    session, wire = session_with({"do": "batch", "loops": 1})
    with pytest.raises(ZeroDivisionError):
        session.measure("a", lambda loops: loops // 0)
    assert wire.sent[-1][0] == "failed"
    assert wire.sent[-1][1]["message"].startswith("ZeroDivisionError: ")


def test_refusing_ends_the_entry_point():
    session, _ = session_with()
    with pytest.raises(agent.Refused, match="nothing here") as refused:
        session.refuse("nothing here", usage=True)
    assert refused.value.usage


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_a_benchmark_is_pinned_only_while_it_is_measured():
    before = os.sched_getaffinity(0)
    one = min(before)
    session, wire = session_with(
        {"do": "pin", "processor": one}, {"do": "batch", "loops": 1}, {"do": "leave"}
    )
    during = []
    session.measure("a", lambda loops: during.append(os.sched_getaffinity(0)) or 1)
    assert during == [{one}]
    assert os.sched_getaffinity(0) == before
    assert ("pinned", {}) in wire.sent


@pytest.mark.parametrize(
    ("call_ns", "loops"),
    [(1, 1_000_000), (900_000, 1), (700_000, 1), (300_000, 4), (5_000_000, 1), (0, agent.MOST_LOOPS)],
)
def test_calibrating_finds_a_batch(call_ns, loops):
    assert agent.calibrate(lambda loops: loops * call_ns, 1_000_000)["loops"] == loops


def test_work_of_another_thread_is_seen():
    def spin(until):
        while time.thread_time() < until:
            pass

    def in_a_thread(_loops):
        start = time.perf_counter_ns()
        thread = threading.Thread(target=spin, args=(0.02,))
        thread.start()
        thread.join()
        return time.perf_counter_ns() - start

    def here(_loops):
        start = time.perf_counter_ns()
        spin(time.thread_time() + 0.02)
        return time.perf_counter_ns() - start

    assert agent.calibrate(here, 1000)["alone"]
    # on a busy machine waiting for the thread may take long: then its work is a small share, rightly
    assert any(not agent.calibrate(in_a_thread, 1000)["alone"] for _ in range(5))


def test_coroutine_functions_keep_one_loop_for_all_batches():
    loops = set()

    async def call():
        loops.add(asyncio.get_running_loop())

    session, wire = session_with({"do": "batch", "loops": 3}, {"do": "batch", "loops": 3}, {"do": "leave"})
    session.measure("a", session.loops_of(call))
    assert len(loops) == 1
    assert loops.pop().is_closed()
    assert all(values["ns"] > 0 for kind, values in wire.sent if kind == "took")


@pytest.mark.parametrize(
    ("share", "loops", "calls"), [(0.05, 100, [100, 5]), (0.05, 4, [4]), (1.0, 3, [3, 3])]
)
def test_slowing_repeats_calls_and_waits_for_the_rest(share, loops, calls):
    made = []

    def run(loops):
        made.append(loops)
        return loops * 1000

    elapsed_ns = agent._slowed(run, share)(loops)
    assert made == calls
    assert elapsed_ns >= loops * 1000 * (1 + share) * 0.999


def test_paths_are_moved_but_for_the_environment_that_lies_in_a_tree(monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/head/.venv")
    path = ["/head", "/head/src", "/head/.venv/lib", "/header", "/base/src"]
    moved = moved_paths(path, ["/base/first"], ["/base", "/head"], "/base")
    assert moved == ["/base/first", "/base", "/base/src", "/head/.venv/lib", "/header"]


def test_shaken_memory_differs_by_seed():
    assert [len(block) for block in shaken(1)] == [len(block) for block in shaken(1)]
    assert len(shaken(1)) != len(shaken(2))
