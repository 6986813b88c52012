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
MAX_BYTES = 600_000_000
"""Of the process, its trace included."""

GROWTH = 1.6
"""By which a span of a trace ten times as long may cost more: not all memory is cache."""

FEW = 10_000
"""Of the shapes that ask too much: enough to tell linear from quadratic at ten times as many."""


@pytest.mark.benchmark(group="rules")
def test_a_million_spans(benchmark):
    found = benchmark.pedantic(lambda: measure_at("mixed", 10_000, 100_000, MANY), rounds=1)
    told(
        benchmark,
        "All rules, processor time",
        {f"{n:,} spans": f["ns"] / 1e6 for n, f in found.items()},
        "ms",
    )
    tell_growth(benchmark, found)
    memory = {
        "the trace alone": found[MANY]["bytes before"],
        "with all rules, at most": found[MANY]["bytes"],
    }
    told(benchmark, f"Memory of a process with {MANY:,} spans", memory, "bytes")
    assert found[MANY]["ns"] <= MAX_SECONDS * 1e9
    assert found[MANY]["bytes"] <= MAX_BYTES
    assert per_span(found, MANY) <= GROWTH * per_span(found, 100_000)


@pytest.mark.benchmark(group="rules")
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "mixed"])
def test_too_much_of_one_thing(benchmark, shape):
    found = benchmark.pedantic(lambda: measure_at(shape, FEW, 10 * FEW), rounds=1)
    told(benchmark, f"All rules, {shape}", {f"{n:,} spans": f["ns"] / 1e6 for n, f in found.items()}, "ms")
    tell_growth(benchmark, found)
    assert found[10 * FEW]["ns"] <= MAX_SECONDS * 1e9 * 10 * FEW / MANY
    assert per_span(found, 10 * FEW) <= GROWTH * per_span(found, FEW)


def measure_at(shape, *counts):
    return {count: once(__file__, f"{shape}:{count}") for count in counts}


def per_span(found, count):
    """Nanoseconds."""
    return found[count]["ns"] / count


def tell_growth(benchmark, found):
    """Time grows as the number of spans to the power told."""
    *_, few, many = sorted(found)
    power = math.log(found[many]["ns"] / found[few]["ns"]) / math.log(many / few)
    benchmark.extra_info["grows as the spans to the power"] = round(power, 2)


# In a child


def measure():
    """All rules once over a trace that this process has made."""
    from perfkit.rules import Sources, check

    shape, count = sys.argv[1].split(":")
    with TemporaryDirectory() as folder:
        write_program(folder)
        check(trace_of(shape, 500), sources=Sources(folder))  # imports and caches
        trace = trace_of(shape, int(count))
        gc.collect()
        before = peak_bytes()
        start = time.process_time_ns()
        findings = check(trace, sources=Sources(folder))
        spent = time.process_time_ns() - start
    return {"ns": spent, "bytes before": before, "bytes": peak_bytes(), "findings": len(findings)}


def peak_bytes():
    """The most that the process has had in memory so far."""
    kilobytes_but_on_macos = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes_but_on_macos


if __name__ == "__main__":
    serve(measure)
