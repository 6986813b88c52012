"""What recorded spans take in memory, kept in full: half are calls of a decorated function, half with blocks.

    pytest benchmarks/test_memory_cost.py

Each figure is that of a process of its own.
"""

import gc
import resource
import sys
import tracemalloc

import pytest
from compare import needs, once, serve, told

SPAN_BYTES = 220
MANY = 1_000_000
GROWTH_BYTES = 400_000_000
"""By which a process may grow that records MANY spans."""

TRACED = 200_000


@pytest.mark.benchmark(group="memory")
def test_a_span(benchmark):
    found = benchmark.pedantic(lambda: once(__file__, "span"), rounds=1)
    told(benchmark, "A span in memory", found, "bytes")
    assert found["a span"] <= SPAN_BYTES


@pytest.mark.benchmark(group="memory")
def test_a_million_spans(benchmark):
    found = benchmark.pedantic(lambda: once(__file__, "million"), rounds=1)
    told(benchmark, f"{MANY:,} spans: the process grows by", found, "bytes")
    assert found["recorded"] <= GROWTH_BYTES
    assert found["at most, while its trace is made"] <= GROWTH_BYTES


@pytest.mark.benchmark(group="memory")
def test_beside_opentelemetry(benchmark):
    found = benchmark.pedantic(lambda: once(__file__, "span") | once(__file__, "opentelemetry"), rounds=1)
    if len(found) < 2:
        pytest.skip("opentelemetry-sdk is not installed")
    told(benchmark, "A span in memory", found, "bytes")
    assert found["a span"] < found["OpenTelemetry, in memory"]


# In a child


def nothing():
    return 1


def record(count):
    import perfkit

    traced = perfkit.trace(nothing)

    for _ in range(count // 2):
        traced()
        with perfkit.span("s"):
            pass


def span():
    import perfkit

    with perfkit.record(probes=("sqlite3",)) as rec:
        record(1_000)
        found = {"a span": traced_bytes(lambda: record(TRACED)) / TRACED}
    assert rec.counts["span"] == TRACED + 1_000
    return found


def opentelemetry():
    needs("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider, count = InMemorySpanExporter(), TracerProvider(), 10_000
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer(__name__)

    def spans():
        for _ in range(count):
            with tracer.start_as_current_span("s"):
                pass

    found = {"OpenTelemetry, in memory": traced_bytes(spans) / count}
    assert len(exporter.get_finished_spans()) == count
    return found


def traced_bytes(operation):
    """Bytes that are still in use after ``operation()`` and were not before."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    operation()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def million():
    import perfkit

    with perfkit.record(probes=("sqlite3",)) as rec:
        record(1_000)
        before = peak_bytes()
        record(MANY)
        recorded = peak_bytes() - before
    spans = rec.trace.spans
    assert len(spans) == MANY  # the newest of them
    return {"recorded": recorded, "at most, while its trace is made": peak_bytes() - before}


def peak_bytes():
    """The most that the process has had in memory so far."""
    kilobytes_but_on_macos = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilobytes_but_on_macos


if __name__ == "__main__":
    serve({"span": span, "million": million, "opentelemetry": opentelemetry}[sys.argv[1]])
