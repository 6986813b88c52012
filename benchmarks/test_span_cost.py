"""What a span costs, beside the least that is right across tasks, and beside no recording at all."""

import itertools
import time
from contextvars import ContextVar

import pytest

import perfkit

_current = ContextVar("current", default=None)
_ids = itertools.count(1)
SPANS = 1_000


def floor(store):
    """Two clock reads, a parent from a context variable, an id and an append."""
    parent = _current.get()
    number = next(_ids)
    _current.set(number)
    start = time.perf_counter_ns()
    store.append((number, parent, start, time.perf_counter_ns()))
    _current.set(parent)


@pytest.mark.benchmark(group="a recorded span")
def test_floor(benchmark):
    def run():
        store = []
        for _ in range(SPANS):
            floor(store)
        return store

    assert len(benchmark(run)) == SPANS


@pytest.mark.benchmark(group="a recorded span")
def test_perfkit(benchmark):
    def run():
        with perfkit.record() as rec:
            for _ in range(SPANS):
                with perfkit.span("s"):
                    pass
        return rec

    assert benchmark(run).counts["span"] == SPANS


@perfkit.trace
def traced():
    return 1


def plain():
    return 1


@pytest.mark.benchmark(group="no recording")
@pytest.mark.parametrize("function", [plain, traced], ids=["undecorated", "traced"])
def test_off(benchmark, function):
    def run():
        for _ in range(SPANS):
            function()

    benchmark(run)
