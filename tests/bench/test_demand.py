"""Little's law on traces whose figures are known."""

import pytest

from perfkit.bench.demand import Demand, load_of
from perfkit.model import Span, Trace

MS, S = 1_000_000, 1_000_000_000


def trace(*spans, until):
    return Trace(
        "virtual",
        0,
        until,
        spans=[
            Span(n, None, kind, "x", start, end, attrs=attrs)
            for n, (kind, start, end, attrs) in enumerate(spans)
        ],
    )


def requests(number, every_ns, took_ns, **attrs):
    return [("request", n * every_ns, n * every_ns + took_ns, attrs) for n in range(number)]


def test_one_after_another():
    load = load_of(trace(*requests(100, 10 * MS, 10 * MS), until=S))
    assert load.full == load.busiest == Demand("request", 100.0, 10 * MS)
    assert load.full.in_flight == 1


def test_twenty_at_once_of_which_six_are_served():
    # each ends 100 ms after the one six places before it: 60 a second, whatever waits in front
    spans = [("request", max(0, n // 6 - 2) * 100 * MS, (n // 6 + 1) * 100 * MS, {}) for n in range(120)]
    load = load_of(trace(*spans, until=2 * S))
    assert load.full.rate_per_s == 60


def test_commands_of_batches_count():
    batches = requests(3, 100 * S, 100 * S, batch=50)
    assert load_of(trace(*batches, until=300 * S)).full == Demand("command", 0.5, 2 * S)


def test_the_busiest_stretch_is_five_minutes_of_a_day():
    quiet, busy = (
        requests(1000, 86 * S, S),
        [("request", 40_000 * S + n * S, 40_000 * S + n * S + 6 * S, {}) for n in range(900)],
    )
    load = load_of(trace(*quiet, *busy, until=86_400 * S))
    # six at a time of the busy ones, and one of the quiet every 86 s
    assert load.busiest.in_flight == pytest.approx(6 + 1 / 86, abs=0.01)
    assert load.busiest.rate_per_s == pytest.approx(1 + 1 / 86, abs=0.01)


def test_what_was_refused_does_not_count():
    refused = requests(50, 10 * MS, 10 * MS, status=503)
    assert load_of(trace(*refused, until=S)) is None
    assert load_of(trace(*refused, ("query", 0, S, {}), until=S)).busiest == Demand("query", 1.0, S)
