import asyncio
import time

import pytest

import perfkit
from perfkit.errors import BudgetError, UsageError
from perfkit.tracing import enter, leave

from .rules.traces import one_per_lead


def test_limits_are_kept_or_named():
    with perfkit.record() as rec:
        for _ in range(2):
            leave(enter("query", "SELECT 1", {}, None))
    rec.assert_ok(max_queries=2, max_requests=0)
    with pytest.raises(BudgetError, match="2 query spans, max_queries=1"):
        rec.assert_ok(max_queries=1)
    with pytest.raises(AssertionError):
        rec.assert_ok(max_queries=1)
    with pytest.raises(UsageError, match="max_query"):
        rec.assert_ok(max_query=1)


def test_findings_break_the_budget_unless_others_are_named():
    with perfkit.record() as rec:
        for span in one_per_lead(5):
            leave(enter("request", span.name, span.attrs, None))
    with pytest.raises(BudgetError, match="PK102 n-plus-one-request"):
        rec.assert_ok()
    with pytest.raises(BudgetError):
        rec.assert_ok(no=("n-plus-one-request",))
    rec.assert_ok(no=("PK501",))
    with pytest.raises(UsageError, match=r"no rule named 'PK120'\. Did you mean 'PK"):
        rec.assert_ok(no=("PK120",))


@pytest.mark.parametrize("limit", [0, -1, "many"])
def test_a_limit_of_spans_that_is_none_is_refused(limit):
    with pytest.raises(UsageError, match="max_spans"):
        perfkit.record(max_spans=limit)


def test_a_limit_is_not_kept_by_dropping_spans():
    with perfkit.record(max_spans=2) as rec:
        for _ in range(5):
            leave(enter("query", "SELECT 1", {}, None))
    rec.assert_ok()
    with pytest.raises(BudgetError, match="3 spans were dropped and not counted"):
        rec.assert_ok(max_queries=4)


def test_async_with():
    async def main():
        async with perfkit.record() as rec, perfkit.span("s"):
            pass
        return rec.counts

    assert asyncio.run(main())["span"] == 1


def test_named_probes_are_stated():
    with perfkit.record(probes=("aiohttp",)) as rec:
        pass
    assert rec.trace.probes == ["aiohttp"]


def test_before_it_is_entered_nothing_is_found():
    rec = perfkit.record()
    assert rec.trace.spans == []
    assert rec.findings() == []
    rec.assert_ok(max_requests=0)


def test_entering_again_keeps_the_probes_and_drops_the_spans():
    rec = perfkit.record(probes=("aiohttp",))
    for _ in range(2):
        with rec, perfkit.span("s"):
            pass
    assert rec.trace.probes == ["aiohttp"]
    assert rec.counts["span"] == 1


def test_what_waited_was_seen():
    async def main():
        await asyncio.sleep(0.001)

    with perfkit.record(probes=("threading", "asyncio")) as rec:
        time.sleep(0.001)
        asyncio.run(main())
    assert rec.trace.warnings == []
    rec.assert_ok()
