"""What a span costs: beside the least that is right across tasks, beside no recording, and beside its peers.

    pytest benchmarks/test_span_cost.py

A floor reads the clock twice, takes its parent from a context variable, has an id and is stored; there is one
in the form of a decorator and one in that of a with block, as there is of the span. It knows no task, thread,
line, error or generator. Once in a program without asyncio, and once within a task.
"""

import itertools
import sys
import time
from contextvars import ContextVar

import pytest
from compare import NOISE, needs, per_call, serve, take_turns, told

FORMS = ("decorator", "with")
CALLS = 500
ROUNDS = 25
PROCESSES = 3
FLOORS = 2.0
"""A recorded span takes at most so many floors of its form."""

FLOORS_IN_A_TASK = 3.0
"""There it also looks up its task, which Python 3.11 makes a system call of."""

PEERS = 0.1
"""Of a peer's span, on the mean of both forms."""

FLAG = 1.3
"""Without a recording a decorated call takes at most so many of one whose decorator looks at a flag."""


@pytest.fixture(scope="module")
def costs():
    return take_turns(__file__, ("plain", "task", "opentelemetry", "sentry"), ROUNDS, PROCESSES)


@pytest.mark.benchmark(group="a recorded span")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("where", "floors"), [("plain", FLOORS), ("task", FLOORS_IN_A_TASK)])
def test_beside_the_floor(benchmark, costs, form, where, floors):
    found = benchmark.pedantic(lambda: added(costs, where, form), rounds=1)
    told(benchmark, f"A span, {form}, {where}", found)
    assert found["perfkit"] <= floors * found["floor"] * NOISE


@pytest.mark.benchmark(group="a recorded span")
@pytest.mark.parametrize("peer", ["OpenTelemetry, no-op", "OpenTelemetry, in memory", "sentry-sdk"])
def test_beside_its_peers(benchmark, costs, peer):
    if f"{peer}, with" not in costs:
        pytest.skip(f"{peer} is not installed")
    found = benchmark.pedantic(lambda: beside(costs, peer), rounds=1)
    told(benchmark, f"A span beside {peer}", found)
    ours, theirs = (sum(found[f"{who}, {form}"] for form in FORMS) for who in ("perfkit", peer))
    assert ours <= PEERS * theirs * NOISE


@pytest.mark.benchmark(group="no recording")
def test_beside_a_flag(benchmark, costs):
    found = benchmark.pedantic(
        lambda: {name: costs[f"plain {name}"] for name in ("undecorated", "flag", "perfkit, not recording")},
        rounds=1,
    )
    told(benchmark, "A decorated call", found)
    assert found["perfkit, not recording"] <= FLAG * found["flag"] * NOISE


def beside(costs, peer):
    ours = {f"perfkit, {form}": added(costs, "plain", form)["perfkit"] for form in FORMS}
    return ours | {f"{peer}, {form}": costs[f"{peer}, {form}"] for form in FORMS}


def added(costs, where, form):
    """Nanoseconds that a span adds to a call of a function that does nothing."""
    plain = costs[f"{where} undecorated"]
    return {name: costs[f"{where} {form} {name}"] - plain for name in ("floor", "perfkit")}


# In a child

_current = ContextVar("current", default=None)
_next_id = itertools.count(1).__next__
_now = time.perf_counter_ns
_stored = []
_flag = []


def nothing():
    return 1


def floor_trace(function):
    name = function.__qualname__

    def traced(*args, **kwargs):
        parent, number = _current.get(), _next_id()
        _current.set(number)
        start = _now()
        try:
            return function(*args, **kwargs)
        finally:
            _stored.append((number, parent, name, start, _now()))
            _current.set(parent)

    return traced


class FloorSpan:
    __slots__ = ("attrs", "end", "name", "number", "parent", "start")

    def __init__(self, name, **attrs):
        self.name, self.attrs = name, attrs

    def __enter__(self):
        self.parent, self.number = _current.get(), _next_id()
        _current.set(self)
        self.start = _now()
        return self

    def __exit__(self, kind, error, trace):
        self.end = _now()
        _current.set(self.parent)
        _stored.append(self)


def flagged(function):
    def wrapper(*args, **kwargs):
        if not _flag:
            return function(*args, **kwargs)
        return None

    return wrapper


def calling(function):
    def call(calls):
        for _ in range(calls):
            function()

    return call


def entering(span):
    def enter(calls):
        for _ in range(calls):
            with span("s"):
                nothing()

    return enter


def ours():
    """One round of floors and spans."""
    import perfkit

    traced = calling(perfkit.trace(nothing))
    measured = {
        "undecorated": per_call(calling(nothing), CALLS),
        "flag": per_call(calling(flagged(nothing)), CALLS),
        "perfkit, not recording": per_call(traced, CALLS),
        "decorator floor": per_call(calling(floor_trace(nothing)), CALLS),
        "with floor": per_call(entering(FloorSpan), CALLS),
    }
    _stored.clear()
    with perfkit.record(probes=("sqlite3",)) as rec:
        measured["decorator perfkit"] = per_call(traced, CALLS)
        measured["with perfkit"] = per_call(entering(perfkit.span), CALLS)
    assert rec.counts["span"] == 2 * CALLS
    return measured


def plain():
    assert "asyncio" not in sys.modules
    return {f"plain {name}": spent for name, spent in ours().items()}


def task():
    import asyncio

    async def main():
        return {f"task {name}": spent for name, spent in ours().items()}

    return asyncio.run(main())


def opentelemetry():
    needs("opentelemetry.sdk")
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, tracers = InMemorySpanExporter(), {}
    for name, processor in (("no-op", SpanProcessor()), ("in memory", SimpleSpanProcessor(exporter))):
        provider = TracerProvider()
        provider.add_span_processor(processor)
        tracers[f"OpenTelemetry, {name}"] = provider.get_tracer(__name__)

    def measure():
        plain, found = per_call(calling(nothing), CALLS), {}
        for name, tracer in tracers.items():
            traced = tracer.start_as_current_span("s")(nothing)
            found[f"{name}, decorator"] = per_call(calling(traced), CALLS) - plain
            found[f"{name}, with"] = per_call(entering(tracer.start_as_current_span), CALLS) - plain
        assert len(exporter.get_finished_spans()) == 2 * CALLS
        exporter.clear()
        return found

    return measure


def sentry():
    needs("sentry_sdk")
    import sentry_sdk
    from sentry_sdk.transport import Transport

    sent = []

    class Kept(Transport):
        def capture_envelope(self, envelope):
            sent.append(envelope.get_transaction_event())

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:1/1",
        traces_sample_rate=1.0,
        transport=Kept,
        default_integrations=False,
        auto_enabling_integrations=False,
    )

    def measure():
        plain, found = per_call(calling(nothing), CALLS), {}
        for form, operation in (
            ("decorator", calling(sentry_sdk.trace(nothing))),
            ("with", entering(lambda name: sentry_sdk.start_span(op="o", name=name))),
        ):
            with sentry_sdk.start_transaction(name="t"):
                found[f"sentry-sdk, {form}"] = per_call(operation, CALLS) - plain
            assert len(sent.pop()["spans"]) == CALLS
        return found

    return measure


if __name__ == "__main__":
    tool = sys.argv[1]
    tools = {"plain": lambda: plain, "task": lambda: task, "opentelemetry": opentelemetry, "sentry": sentry}
    serve(tools[tool]())
