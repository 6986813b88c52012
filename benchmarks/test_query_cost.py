"""What watching sqlite3 costs: a query by its primary key, eight application frames deep.

    pytest benchmarks/test_query_cost.py

The record is full: call path, parent, template, hash of parameters, rows, transaction, connection. Raw and
perfkit take turns in one process, since perfkit can be undone; OpenTelemetry has one of its own. Beside that
a query is what DB-API makes of it, a cursor of its own, executed, read to its end and closed: OpenTelemetry
watches no ``connection.execute``.
"""

import sqlite3
import sys

import pytest
from compare import NOISE, needs, per_call, serve, take_turns, told

CALLS = 300
ROUNDS = 25
PROCESSES = 3
DEEP = 8
ADDED_NS = 2_500
"""That a recorded query may take more than a raw one, where that takes a microsecond, and in proportion."""

PEER = 0.1
"""Of what OpenTelemetry adds if it keeps its spans, as perfkit does; without, its bar is only told."""

FORMS = ("raw", "perfkit, not recording", "perfkit")


@pytest.fixture(scope="module")
def costs():
    return take_turns(__file__, ("perfkit", "opentelemetry"), ROUNDS, PROCESSES)


@pytest.mark.benchmark(group="a query")
def test_beside_a_raw_query(benchmark, costs):
    found = benchmark.pedantic(lambda: {form: costs[form] for form in FORMS}, rounds=1)
    found["perfkit adds"] = found["perfkit"] - found["raw"]
    told(benchmark, "connection.execute()", found)
    assert found["perfkit adds"] <= ADDED_NS * max(1, found["raw"] / 1_000) * NOISE


@pytest.mark.benchmark(group="a query")
def test_beside_opentelemetry(benchmark, costs):
    if "OpenTelemetry, no-op" not in costs:
        pytest.skip("opentelemetry-instrumentation-sqlite3 is not installed")
    raw = costs["raw, DB-API"]
    tools = {"perfkit": "perfkit, DB-API", **{name: name for name in costs if "OpenTelemetry" in name}}
    found = benchmark.pedantic(
        lambda: {f"{tool} adds": costs[name] - raw for tool, name in tools.items()}, rounds=1
    )
    told(benchmark, "cursor(), execute(), fetchall(), close()", {"raw": raw, **found})
    assert found["perfkit adds"] <= PEER * found["OpenTelemetry, in memory adds"] * NOISE


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


def executing(connection):
    execute = connection.execute

    def run(calls):
        for n in range(calls):
            execute(QUERY, (n,))

    return deep(run)


def reading(connection):
    def run(calls):
        for n in range(calls):
            cursor = connection.cursor()
            cursor.execute(QUERY, (n,))
            cursor.fetchall()
            cursor.close()

    return deep(run)


def perfkit():
    import perfkit

    raw = customers()
    perfkit.instrument("sqlite3")
    watched = customers()

    def measure():
        found = {
            "raw": per_call(executing(raw), CALLS),
            "raw, DB-API": per_call(reading(raw), CALLS),
            "perfkit, not recording": per_call(executing(watched), CALLS),
        }
        for name, operation in (("perfkit", executing), ("perfkit, DB-API", reading)):
            with perfkit.record(probes=("sqlite3",)) as rec:
                found[name] = per_call(operation(watched), CALLS)
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
        found = {name: per_call(reading(connection), CALLS) for name, connection in connections.items()}
        assert len(exporter.get_finished_spans()) == CALLS
        exporter.clear()
        return found

    return measure


if __name__ == "__main__":
    serve({"perfkit": perfkit, "opentelemetry": opentelemetry}[sys.argv[1]]())
