"""Each metric of cells made by hand: the value, what it rests on, and why there is none."""

import pytest

from perfkit.bench.operations import Operations
from perfkit.bench.targets.metrics import measured
from perfkit.model.target import METRICS

from .cases import MS, subject

GOAL = {"card_p50_ns": 1.0, "wait_ns": 0.5}


@pytest.mark.parametrize(
    ("samples", "value", "basis"),
    [
        ([40], 40 * MS, "one sample, virtual time"),
        ([40, 60, 50], 60 * MS, "the slowest of 3 samples, virtual time"),
        (range(1, 41), 38 * MS, "95th percentile of 40 samples, virtual time"),
    ],
)
def test_response(samples, value, basis):
    assert measured("response", subject(*samples)) == (value, basis)


def test_response_is_the_goal_where_the_scenario_has_one():
    figures = {"card_p50_ns": 3.0 * MS, "wait_ns": 4.0 * MS}
    found = measured("response", subject(40, goal=GOAL, figures=figures))
    assert found == (5 * MS, "the scenario's goal (card p50 + wait), virtual time")
    without = measured("response", subject(40, goal=GOAL))
    assert without == (None, "it lacks the scenario's goal (card p50 + wait)")


def test_throughput_is_of_all_samples():
    assert measured("throughput", subject(40, 60)) == (200, "20 rows in 100 ms, virtual time")
    assert measured("throughput", subject(0)) == (None, "it took no time at all")


def test_errors_are_a_share_and_told_of_a_strategy_that_failed():
    operations = Operations(total=1000, failed=3)
    found = subject(operations=operations, status="failed", error="ValueError: no")
    assert measured("errors", found) == (0.003, "3 of 1,000 requests and queries failed")
    assert measured("errors", subject(40)) == (None, "it made no request and no query")


def test_cpu_is_told_in_wall_time_alone():
    found = measured("cpu", subject(40, clock="wall", computing_ns=10 * MS))
    assert found == (0.25, "10 ms of processor time in 40 ms, with what recording took")
    value, why = measured("cpu", subject(40, computing_ns=10 * MS))
    assert (value, why) == (
        None,
        "virtual time does not count computing: measure with --clock wall",
    )
    assert measured("cpu", subject(0, clock="wall")) == (None, "it took no time at all")


def test_memory_is_measured_when_it_is_asked_for():
    assert measured("memory", subject(40, peak=lambda cell: (cell.size, "peak"))) == (10, "peak")


def test_queries():
    many = Operations(total=300, queries=300, query_p95_ns=7 * MS)
    assert measured("query", subject(40, operations=many)) == (
        7 * MS,
        "95th percentile of 300 queries, virtual time",
    )
    few = Operations(total=4, queries=4, query_p95_ns=7 * MS)
    assert measured("query", subject(40, operations=few))[1] == "the slowest of 4 queries, virtual time"
    one = Operations(total=1, queries=1, query_p95_ns=7 * MS)
    assert measured("query", subject(40, operations=one))[1] == "one query, virtual time"
    assert measured("query", subject(40)) == (None, "it made no query")


@pytest.mark.parametrize("metric", METRICS)
def test_what_was_skipped_has_no_value(metric):
    found = subject(status="skipped", error="needs fast_bitrix24")
    assert measured(metric, found) == (None, "needs fast_bitrix24")


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric != "errors"])
def test_what_failed_has_no_value(metric):
    found = subject(status="timeout", error="no answer after 3 s")
    assert measured(metric, found) == (None, "timeout: no answer after 3 s")
