"""Beside pytest-benchmark: nothing is recorded inside its rounds, and one call more is counted."""

import pytest

from tests.pytest_plugin.projects import session

PLUGINS = ("pytest_benchmark.plugin",)
QUICK = ("--benchmark-max-time=0", "--benchmark-min-rounds=3", "--benchmark-min-time=0")

TESTS = """
import tracemalloc
from perfkit.tracing.scopes import active, here

STATES = []

def work(db):
    STATES.append((len(active), here() is not None, tracemalloc.is_tracing()))
    shop.each(db, 2)

@pytest.fixture(autouse=True)
def fresh():
    STATES.clear()

@pytest.mark.perf(max_queries=3, max_memory="20 MB")
def test_called(benchmark, db):
    shop.one(db)
    benchmark(work, db)
    assert len(STATES) > 3
    assert set(STATES[:-1]) == {(0, False, False)}  # every timed call: as if there was no perfkit
    assert STATES[-1] == (2, True, True)  # and one more, recorded, after them
    assert benchmark.extra_info == {"queries": 2, "requests": 0}
    assert len(active) == 1

def test_pedantic(benchmark, perf, db):
    made = []
    def setup():
        assert not active
        made.append(1)
        return (db,), {}
    benchmark.pedantic(work, setup=setup, teardown=lambda db: shop.one(db), rounds=3, warmup_rounds=1)
    assert len(made) == len(STATES) == 5
    assert set(STATES[:-1]) == {(0, False, False)}
    assert benchmark.extra_info == {"queries": 2, "requests": 0}
    assert perf.counts["query"] == 2

@pytest.mark.perf(max_queries=1)
def test_too_many(benchmark, db):
    benchmark(work, db)

def test_that_raises(benchmark, perf, db):
    with pytest.raises(ZeroDivisionError):
        benchmark(lambda: 1 / 0)
    shop.one(db)
    assert perf.counts["query"] == 1

def test_without_perf(benchmark, db):
    benchmark(work, db)
    assert set(STATES) == {(0, False, False)}
    assert benchmark.extra_info == {}
"""


def test_rounds_are_not_recorded(pytester):
    result = session(pytester, TESTS, *QUICK, "--benchmark-json=out.json", plugins=PLUGINS)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_too_many - perfkit: 2 queries, max_queries=1"])
    assert '"queries": 2' in (pytester.path / "out.json").read_text()


@pytest.mark.parametrize("way", ["benchmark(work, db)", "benchmark.pedantic(work, args=(db,))"])
def test_a_disabled_benchmark_calls_once_and_that_is_recorded(pytester, way):
    result = session(
        pytester,
        f"""
CALLS = []

def work(db):
    CALLS.append(1)
    shop.one(db)

def test_once(benchmark, perf, db):
    {way}
    assert len(CALLS) == 1
    assert perf.counts["query"] == 1
    assert benchmark.extra_info == {{"queries": 1, "requests": 0}}
""",
        "--benchmark-disable",
        plugins=PLUGINS,
    )
    result.assert_outcomes(passed=1)
