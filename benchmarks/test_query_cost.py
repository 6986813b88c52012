"""What watching sqlite3 costs: a query by its primary key, eight application frames deep.

    pytest benchmarks/test_query_cost.py

The record is full: call path, parent, template, hash of the parameters, rows, transaction, connection. Raw
and perfkit take turns in one process, since perfkit can be undone; OpenTelemetry has one of its own.
"""

import sqlite3
import sys

import pytest
from compare import NOISE, needs, per_call, serve, take_turns, told

CALLS = 300
ROUNDS = 60
DEEP = 8
ADDED_NS = 2_500
"""That a recorded query may take more than a raw one, on a machine where that takes at least a
microsecond."""

PEER = 0.1
"""Of what OpenTelemetry's instrumentation adds."""


@pytest.fixture(scope="module")
def costs():
    return take_turns(__file__, ("perfkit", "opentelemetry"), ROUNDS)


@pytest.mark.benchmark(group="a query")
def test_beside_a_raw_query(benchmark, costs):
    names = ("raw", "perfkit, not recording", "perfkit", "perfkit, rows fetched", "raw, rows fetched")
    found = benchmark.pedantic(lambda: {name: costs[name] for name in names}, rounds=1)
    found["perfkit adds"] = found["perfkit"] - found["raw"]
    told(benchmark, "A query", found)
    assert found["perfkit adds"] <= ADDED_NS * max(1, found["raw"] / 1_000) * NOISE


@pytest.mark.benchmark(group="a query")
@pytest.mark.parametrize("peer", ["OpenTelemetry, no-op", "OpenTelemetry, in memory"])
def test_beside_opentelemetry(benchmark, costs, peer):
    if peer not in costs:
        pytest.skip("opentelemetry-instrumentation-sqlite3 is not installed")
    names = ("raw", "perfkit", "raw, cursor", peer)
    found = benchmark.pedantic(lambda: {name: costs[name] for name in names}, rounds=1)
    found["perfkit adds"] = found["perfkit"] - found["raw"]
    found[f"{peer}, adds"] = found[peer] - found["raw, cursor"]
    told(benchmark, f"A query beside {peer}", found)
    assert found["perfkit adds"] <= PEER * found[f"{peer}, adds"] * NOISE


# In a child

QUERY = "SELECT id, name FROM customer WHERE id = ?"


def customers():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO customer VALUES (?, ?)", [(n, f"name {n}") for n in range(100)])
    connection.commit()
    return connection


def deep(function):
    """``function``, DEEP frames deep: its own, and of ``per_call``, ``measure``, ``serve`` and the module."""
    for _ in range(DEEP - 5):
        function = _above(function)
    return function


def _above(function):
    return lambda calls: function(calls)


def executing(execute):
    def run(calls):
        for n in range(calls):
            execute(QUERY, (n,))

    return deep(run)


def fetching(execute):
    def run(calls):
        for n in range(calls):
            execute(QUERY, (n,)).fetchall()

    return deep(run)


def perfkit():
    import perfkit

    raw = customers()
    perfkit.instrument("sqlite3")
    watched = customers()

    def measure():
        found = {
            "raw": per_call(executing(raw.execute), CALLS),
            "raw, cursor": per_call(executing(raw.cursor().execute), CALLS),
            "raw, rows fetched": per_call(fetching(raw.execute), CALLS),
            "perfkit, not recording": per_call(executing(watched.execute), CALLS),
        }
        for name, operation in (("perfkit", executing), ("perfkit, rows fetched", fetching)):
            with perfkit.record(probes=("sqlite3",)) as rec:
                found[name] = per_call(operation(watched.execute), CALLS)
            assert_full(rec)
        return found

    return measure


def assert_full(rec):
    assert rec.counts["query"] == CALLS
    first, last = rec.trace.spans[0], rec.trace.spans[-1]
    assert len(first.path) == DEEP
    assert first.attrs["sql"] == QUERY
    assert len({s.attrs["params"] for s in (first, last)}) == 2


def opentelemetry():
    needs("opentelemetry.sdk", "opentelemetry.instrumentation.sqlite3")
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, connections = InMemorySpanExporter(), {}
    for name, processor in (("no-op", SpanProcessor()), ("in memory", SimpleSpanProcessor(exporter))):
        provider = TracerProvider()
        provider.add_span_processor(processor)
        instrumentor = SQLite3Instrumentor()
        instrumentor.instrument(tracer_provider=provider)
        connections[f"OpenTelemetry, {name}"] = customers()
        instrumentor.uninstrument()
    exporter.clear()

    def measure():
        # of a connection's methods only those of its cursors are watched
        found = {
            name: per_call(executing(connection.cursor().execute), CALLS)
            for name, connection in connections.items()
        }
        assert len(exporter.get_finished_spans()) == CALLS
        exporter.clear()
        return found

    return measure


if __name__ == "__main__":
    serve({"perfkit": perfkit, "opentelemetry": opentelemetry}[sys.argv[1]]())
