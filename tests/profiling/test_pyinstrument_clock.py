"""The accounting of samples, exact to the nanosecond: the clock and the sampler are made by hand."""

import sys

import pytest

from perfkit.profiling import capture as machinery
from perfkit.profiling import pyinstrument, wrapping
from perfkit.profiling.pyinstrument import CpuTool

WRAPPER = f"profiled\x00{wrapping.__file__}\x0060"
RESUME = f"resume\x00{machinery.__file__}\x00110"
PAGE, LOAD = "page\x00/app/views.py\x001", "load\x00/app/views.py\x009"


class ByHand:
    """A clock to be set, and samplers that take what they are told to."""

    def __init__(self):
        self.now_ns = 0
        self.samplers = []

    def make(self, interval, take, *, follows_tasks):
        self.samplers.append(self)
        self.intervals = [round(interval, 9)]
        self.take = take
        return self

    def begin(self):
        self.now_ns += 50  # not the program's time

    def end(self):
        self.now_ns += 50

    def set_interval(self, interval):
        self.intervals.append(interval)

    def sample(self, *stack, at):
        self.now_ns = at
        self.take([*stack])


@pytest.fixture
def hand(monkeypatch):
    made = ByHand()
    monkeypatch.setattr(pyinstrument, "Sampler", made.make)
    monkeypatch.setattr(pyinstrument, "stack_of", lambda frame: ["main", WRAPPER])
    monkeypatch.setattr(pyinstrument, "REAL_PERF_COUNTER_NS", lambda: made.now_ns)
    return made


def values(profile):
    tree = profile.tree
    return {
        tuple(frame.function for frame in tree.path(node)): value
        for node, value in enumerate(tree.value)
        if value
    }


def test_a_sample_stands_for_the_time_since_the_one_before(hand):
    tool = CpuTool(0.001)
    tool.resume(sys._getframe())
    hand.sample("main", WRAPPER, PAGE, at=1050)
    hand.sample("main", WRAPPER, PAGE, LOAD, at=2050)
    hand.sample("main", WRAPPER, PAGE, at=2550)
    hand.now_ns = 3050
    tool.pause()
    profile = tool.read()
    assert values(profile) == {("page",): 1500, ("page", "load"): 1000}
    assert (profile.duration_ns, profile.samples, profile.interval_ns) == (3000, 3, 1_000_000)
    assert profile.warnings == []


def test_what_the_capture_itself_takes_is_not_counted(hand):
    tool = CpuTool(0.001)
    tool.resume(sys._getframe())
    hand.sample("main", WRAPPER, RESUME, at=400)
    hand.sample("main", WRAPPER, at=500)
    hand.sample("main", WRAPPER, PAGE, at=1500)
    hand.sample("main", WRAPPER, RESUME, at=1900)
    hand.now_ns = 2000
    tool.pause()
    profile = tool.read()
    assert values(profile) == {("page",): 1000}
    assert (profile.duration_ns, profile.samples) == (1500, 1)


def test_pauses_are_not_counted_and_one_step_stands_for_many(hand):
    tool = CpuTool(0.001)
    for n in range(4):
        start = n * 1_000_000
        hand.now_ns = start - 50
        tool.resume(sys._getframe())
        if n == 3:
            hand.sample("main", WRAPPER, PAGE, at=start + 300_000)
        hand.now_ns = start + 400_000
        tool.pause()
    profile = tool.read()
    assert values(profile) == {("page",): 1_500_000}
    assert (profile.duration_ns, profile.samples) == (1_600_000, 1)


def test_a_sample_comes_due_over_pauses_and_then_the_interval_is_the_usual_one(hand):
    tool = CpuTool(0.001)
    due = []
    for n in range(4):
        start = n * 1_000_000
        hand.now_ns = start - 50
        tool.resume(sys._getframe())
        if n == 2:
            hand.sample("main", WRAPPER, PAGE, at=start + 300_000)
        hand.now_ns = start + 400_000
        tool.pause()
        due.append(hand.intervals)
    assert due == [[0.001], [0.0006], [0.0002, 0.001], [0.0009]]


def test_an_overdue_sample_is_taken_at_once(hand):
    tool = CpuTool(0.001)
    tool.resume(sys._getframe())
    hand.now_ns += 5_000_000
    tool.pause()
    tool.resume(sys._getframe())
    assert hand.intervals == [1e-06]


def test_time_without_a_sample_is_in_the_duration_only(hand):
    tool = CpuTool(0.5)
    tool.resume(sys._getframe())
    hand.now_ns += 700
    tool.pause()
    profile = tool.read()
    assert (values(profile), profile.duration_ns) == ({}, 700)
    assert profile.warnings == ["no sample was taken: all was over within 500 ms"]
