from perfkit.model import Frame
from perfkit.rules import View
from perfkit.rules.findings import about

from .traces import LOOP, MS, queries, query, trace_of

BY_ID = "SELECT name FROM users WHERE id = ?"


def finding(spans, **more):
    return about(
        View(trace_of(spans)), spans, ("XX1", "own"), template="t", evidence=[], fix="", basis="b", **more
    )


def test_the_first_span_says_where_and_all_how_much():
    spans = queries(3, BY_ID)
    found = finding(spans)
    assert (found.rule, found.name, found.template, found.basis) == ("XX1", "own", "t", "b")
    assert (found.count, found.site, found.path, found.place) == (3, LOOP, spans[0].path, "")
    assert found.span_ids == [span.id for span in spans]
    assert found.saving_ns is None


def test_time_that_overlaps_counts_once():
    assert finding([query(0, 10 * MS, BY_ID, (1,)), query(5 * MS, 10 * MS, BY_ID, (2,))]).spent_ns == 15 * MS


def test_a_rule_that_knows_better():
    elsewhere = Frame("app/other.py", 3, "f")
    found = finding(queries(3, BY_ID), count=9, spent_ns=7, site=elsewhere, saving_ns=4)
    assert (found.count, found.spent_ns, found.site, found.saving_ns) == (9, 7, elsewhere, 4)
    assert finding(queries(3, BY_ID), site=None).site is None
