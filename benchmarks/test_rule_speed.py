"""What all rules together take of a trace: time, memory, and how both grow with the number of spans.

    pytest benchmarks/test_rule_speed.py

Each figure is that of a process of its own, in processor time. ``rule_traces.py`` and ``rule_shapes.py`` make
the traces; the latter tells the seconds of each rule.
"""

import gc
import math
import resource
import sys
import time
from tempfile import TemporaryDirectory

import pytest
from compare import once, serve, told
from rule_shapes import SHAPES, trace_of
from rule_traces import write_program

MANY = 1_000_000
MAX_SECONDS = 10
MAX_ADDED_BYTES = 200_000_000
"""By which a process may grow beyond its trace."""

GROWTH = 1.6
"""By which a span of a trace ten times as long may cost more: not all memory is cache."""

FEW = 20_000
"""Of the shapes that ask too much: at ten times as many what is quadratic shows."""

SHAPE_GROWTH = 2
"""The same for these: what is quadratic costs ten times as much."""

MAX_MICROSECONDS = 30
"""Per span of a shape that asks too much; of the common one it may be a third."""


@pytest.mark.benchmark(group="rules")
def test_a_million_spans(benchmark):
    found = benchmark.pedantic(lambda: measure_at("mixed", 10_000, 100_000, MANY), rounds=1)
    tell(benchmark, "All rules", found)
    memory = {"the trace alone": found[MANY]["trace"], "all rules beyond it, at most": found[MANY]["added"]}
    told(benchmark, f"Memory of a process with {MANY:,} spans", memory, "bytes")
    assert found[MANY]["first"] <= MAX_SECONDS * 1e9
    assert found[MANY]["added"] <= MAX_ADDED_BYTES
    assert growth(found) <= GROWTH


@pytest.mark.benchmark(group="rules")
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "mixed"])
def test_too_much_of_one_thing(benchmark, shape):
    found = benchmark.pedantic(lambda: measure_at(shape, FEW, 10 * FEW), rounds=1)
    tell(benchmark, f"All rules, {shape}", found)
    assert found[10 * FEW]["first"] <= MAX_MICROSECONDS * 1e3 * 10 * FEW
    assert growth(found) <= SHAPE_GROWTH


def measure_at(shape, *counts):
    return {count: once(__file__, f"{shape}:{count}") for count in counts}


def growth(found):
    """What a span costs in the longest trace, in units of what it costs in one a tenth as long."""
    *_, few, many = sorted(found)
    return found[many]["again"] / many / (found[few]["again"] / few)


def tell(benchmark, title, found):
    """Time, and the power of the number of spans with which it grows."""
    told(
        benchmark,
        f"{title}, processor time",
        {f"{n:,} spans": f["first"] / 1e6 for n, f in found.items()},
        "ms",
    )
    *_, few, many = sorted(found)
    power = math.log(found[many]["again"] / found[few]["again"]) / math.log(many / few)
    benchmark.extra_info["grows as the number of spans to the power of"] = round(power, 2)


# In a child

GIVES_UP_AFTER_S = 100
"""Of processor time: what is quadratic need not come to its end."""


def measure():
    """All rules over a trace that this process has made: once as ever, and again with all sources read."""
    from perfkit.rules import Sources, check

    resource.setrlimit(resource.RLIMIT_CPU, (GIVES_UP_AFTER_S, GIVES_UP_AFTER_S))
    shape, count = sys.argv[1].split(":")
    with TemporaryDirectory() as folder:
        write_program(folder)
        check(trace_of(shape, 500), sources=Sources(folder))  # imports
        trace, sources = trace_of(shape, int(count)), Sources(folder)
        gc.collect()
        bytes_of_trace = peak_bytes()
        spent = []
        for _ in range(2):
            start = time.process_time_ns()
            check(trace, sources=sources)
            spent.append(time.process_time_ns() - start)
    return {
        "first": spent[0],
        "again": spent[1],
        "trace": bytes_of_trace,
        "added": peak_bytes() - bytes_of_trace,
    }


def peak_bytes():
    """The most that the process has had in memory so far."""
    kilobytes_but_on_macos = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes_but_on_macos


if __name__ == "__main__":
    serve(measure)
