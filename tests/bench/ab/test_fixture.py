"""pytest-benchmark's fixture with its timing taken over: a clock that is moved by hand, and given loops."""

import asyncio
import time

import pytest

from perfkit.bench.ab.site.perfkit_agent.fixture import taken_over
from perfkit.bench.ab.site.perfkit_agent.pytest_side import _problem


def test_what_a_conftest_raised_is_told():
    said = (
        "ImportError while loading conftest 'c.py'.\nc.py:1: in <module>\n    work()\nE   RuntimeError: no\n"
    )
    told = _problem(4, said)
    assert told.endswith("before it ran a test: ImportError while loading conftest 'c.py'. RuntimeError: no")


class Clock:
    """Seconds, as timers of pytest-benchmark count them."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Stats:
    def __init__(self):
        self.data = []

    def update(self, duration):
        self.data.append(duration)


def make(timer):
    """A class like pytest-benchmark's, and one of its objects."""

    class Fixture:
        fullname = "t.py::test"

        def _raw(self, *_):
            raise AssertionError("not taken over")

        _raw_pedantic = _raw

        def _make_stats(self, iterations):
            self.stats = Stats()
            return self.stats

    fixture = Fixture()
    fixture._timer = timer
    return Fixture, fixture


@pytest.fixture
def clock():
    return Clock()


def measured(clock, use, loops=3):
    """What ``use(fixture)`` returned, and the (name, nanoseconds) of what was measured."""
    kind, fixture = make(clock)
    found = []

    def measure(name, run):
        found.append((name, run(loops)))

    before = kind._raw
    with taken_over(kind, measure):
        result = use(fixture)
    assert kind._raw is before
    return result, found, fixture.stats.data


def ticking(clock, calls):
    def tick(*args, **kwargs):
        calls.append((args, kwargs))
        clock.now += 2.0
        return len(calls)

    return tick


def test_a_function_is_timed_in_loops_and_its_result_given(clock):
    calls = []
    result, found, stats = measured(clock, lambda b: b._raw(ticking(clock, calls), 1, a=2))
    assert found == [("t.py::test", 6_000_000_000)]
    assert stats == [2.0]  # of one call, in seconds
    assert calls == [((1,), {"a": 2})] * 5  # one to warm up, and one for the result, as always
    assert result == 5


def test_a_coroutine_function_is_awaited(clock):
    async def fetch(n):
        await asyncio.sleep(0)
        clock.now += n
        return n

    assert measured(clock, lambda b: b._raw(fetch, 2))[:2] == (2, [("t.py::test", 6_000_000_000)])
    assert measured(clock, lambda b: b._raw(lambda: fetch(1)))[:2] == (1, [("t.py::test", 3_000_000_000)])


def test_a_coroutine_function_inside_a_loop_is_refused(clock):
    async def fetch():
        """Never awaited."""

    async def test():
        measured(clock, lambda b: b._raw(fetch))

    with pytest.raises(RuntimeError, match="make the test a plain function"):
        asyncio.run(test())


def test_pedantic_without_setup_is_a_plain_benchmark(clock):
    calls = []
    use = lambda b: b._raw_pedantic(ticking(clock, calls), args=(1,), rounds=9, iterations=2)  # noqa: E731
    assert measured(clock, use)[1] == [("t.py::test", 6_000_000_000)]


def test_what_prepares_and_ends_a_round_is_not_timed(clock):
    calls, torn = [], []

    def setup():
        clock.now += 100
        return (len(torn),), {}

    def teardown(n):
        clock.now += 1000
        torn.append(n)

    use = lambda b: b._raw_pedantic(ticking(clock, calls), setup=setup, teardown=teardown)  # noqa: E731
    result, found, _ = measured(clock, use)
    assert found == [("t.py::test", 6_000_000_000)]
    assert [args for args, _ in calls] == [(0,), (1,), (2,), (3,), (4,)]
    assert torn == [0, 1, 2, 3, 4]
    assert result == 5


def test_rounds_of_several_calls_with_an_end(clock):
    calls = []
    use = lambda b: b._raw_pedantic(ticking(clock, calls), iterations=4, teardown=lambda: None)  # noqa: E731
    assert measured(clock, use)[1] == [("t.py::test", 6_000_000_000)]
    assert len(calls) == 1 + 3 * 4 + 1


def test_the_usual_timer_counts_nanoseconds():
    _, found, _ = measured(time.perf_counter, lambda b: b._raw(int))
    assert isinstance(found[0][1], int)
