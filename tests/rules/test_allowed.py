import asyncio

import pytest

import perfkit
from perfkit.model import Span, Trace
from perfkit.rules import check, check_allowed
from perfkit.rules.allowed import permissions_for_none, without_allowed
from perfkit.tracing import enter, leave

from .traces import one_per_lead

CODE, NAME = "PK102", "n-plus-one-request"


def loop(count=5, **facts):
    """An N+1, from one line."""
    for span in one_per_lead(count, **facts):
        leave(enter("request", span.name, dict(span.attrs), None))


def allowing(*rules, reason="three tenants"):
    """Record the loop inside of blocks that allow ``rules``."""
    with perfkit.record(probes=()) as rec:
        nested(rules, reason)
    return rec


def nested(rules, reason):
    if not rules:
        return loop()
    with perfkit.allow(rules[0], reason=reason):
        return nested(rules[1:], reason)


def test_without_a_permission_it_is_found():
    rec = allowing()
    assert [f.rule for f in rec.findings()] == [CODE]
    assert rec.allowed() == ((), ())


@pytest.mark.parametrize("rule", [CODE, NAME, CODE.lower(), NAME.upper()])
def test_what_is_allowed_is_counted_and_not_found(rule):
    rec = allowing(rule)
    assert rec.findings() == []
    (finding,), stale = rec.allowed()
    assert (finding.rule, finding.count, stale) == (CODE, 5, ())
    rec.assert_ok()


def test_another_rules_permission_changes_nothing():
    rec = allowing("PK501")
    assert [f.rule for f in rec.findings()] == [CODE]
    findings, (stale,) = rec.allowed()
    assert findings == ()
    assert stale.startswith("allow('PK501', reason='three tenants') at tests/rules/test_allowed.py:")
    assert stale.endswith(" is not needed: PK501 finds nothing there")


def test_a_permission_that_nothing_needs_is_told():
    with perfkit.record(probes=()) as rec:
        with perfkit.allow(CODE, reason="gone by now"):
            loop(1)
        loop()
    assert [f.rule for f in rec.findings()] == [CODE]
    findings, (stale,) = rec.allowed()
    assert findings == ()
    assert "reason='gone by now'" in stale
    assert f"is not needed: {CODE} finds nothing there" in stale


def test_a_permission_needed_once_is_needed():
    with perfkit.record(probes=()) as rec:
        for count in (1, 5, 1):
            with perfkit.allow(CODE, reason="some tenants have many"):
                loop(count)
    findings, stale = rec.allowed()
    assert ([f.rule for f in findings], stale) == ([CODE], ())


def test_a_rule_that_does_not_exist_is_told_once():
    with perfkit.record(probes=()) as rec:
        for _ in range(3):
            with perfkit.allow("PK999", reason="a slip"):
                loop()
    assert [f.rule for f in rec.findings()] == [CODE]
    findings, (stale,) = rec.allowed()
    assert findings == ()
    assert "allow('PK999', reason='a slip')" in stale
    assert stale.endswith(": there is no such rule")


def test_permissions_for_two_rules_each_count_for_their_own():
    rec = allowing("PK501", CODE)
    assert rec.findings() == []
    findings, stale = rec.allowed()
    assert [f.rule for f in findings] == [CODE]
    assert ["PK501" in text for text in stale] == [True]


def test_of_two_blocks_for_one_rule_the_inner_one_is_needed():
    inner = perfkit.allow(CODE, reason="inner")
    with perfkit.record(probes=()) as rec, perfkit.allow(CODE, reason="outer"), inner:
        loop()
    findings, (stale,) = rec.allowed()
    assert [f.rule for f in findings] == [CODE]
    assert "reason='outer'" in stale


def test_in_helper_tasks():
    async def helper():
        await asyncio.sleep(0)
        loop()

    async def main():
        async with perfkit.allow(CODE, reason="known"):
            await asyncio.gather(helper(), asyncio.create_task(helper()))

    with perfkit.record(probes=()) as rec:
        asyncio.run(main())
    assert rec.findings() == []
    findings, stale = rec.allowed()
    assert {f.rule for f in findings} == {CODE}
    assert stale == ()


def test_some_inside_and_some_outside_are_looked_at_apart():
    with perfkit.record(probes=()) as rec:
        loop(2)
        with perfkit.allow(CODE, reason="known"):
            loop(5)
        loop(2)
    assert [f.count for f in rec.findings()] == [4] or rec.findings() == []
    (finding,), stale = rec.allowed()
    assert (finding.count, stale) == (5, ())


def test_a_trace_is_left_as_it_is():
    rec = allowing(CODE)
    before = [(s.id, s.parent, s.name) for s in rec.trace.spans]
    check(rec.trace)
    check_allowed(rec.trace)
    assert [(s.id, s.parent, s.name) for s in rec.trace.spans] == before


def test_a_trace_without_permissions_is_not_copied():
    trace = Trace("virtual", 0, 1, [Span(1, None, "request", "r", 0, 1)])
    assert without_allowed(trace, CODE, NAME) is trace
    assert permissions_for_none(trace, {CODE}) == []
