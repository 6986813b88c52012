import pytest

from perfkit.model import Frame, Trace
from perfkit.rules import View
from perfkit.rules.growth import check, of_counters, of_traces, shown

from .traces import LOOP, MS, queries, query, trace_of

BY_ID = "SELECT name FROM users WHERE id = ?"
SITE = Frame("scenarios/shop.py", 9, "serial")


def test_one_trace_shows_no_growth():
    assert check(View(Trace("virtual", 0, 0))) == []


def test_what_a_larger_size_needs_more_of_is_named_with_its_exponent():
    traces = {n: trace_of([query(0, MS, "SELECT id FROM users", None), *queries(n, BY_ID)]) for n in (2, 20)}
    (finding,) = of_traces(traces)
    assert (finding.rule, finding.template, finding.count, finding.site) == ("PK502", BY_ID, 20, LOOP)
    assert finding.evidence == ["2 at size 2, 20 at size 20: grows like size^1"]
    assert finding.saving_ns == 18 * 2 * MS
    assert of_traces(traces, slack=18) == []


def test_counts_are_by_template():
    traces = {2: trace_of(queries(4, BY_ID)), 5: trace_of(queries(4, "SELECT a FROM t WHERE b = ?"))}
    (finding,) = of_traces(traces)
    assert finding.evidence == ["0 at size 2, 4 at size 5"]


@pytest.mark.parametrize(
    ("counts", "allowed", "found"),
    [
        ({10: 10, 100: 100}, 1.0, False),
        ({10: 100, 100: 10_000}, 1.0, True),
        ({10: 10, 100: 100}, 0.0, True),
        ({10: 5, 100: 5}, 0.0, False),
        ({10: 1, 100: 7}, 0.0, False),
        ({10: 33, 100: 664, 1000: 9965}, 1.0, False),
        ({10: 10}, 0.0, False),
        ({10: 0, 100: 50}, 0.0, False),
    ],
    ids=["linear", "quadratic", "must not grow", "constant", "small", "n log n", "one size", "from nothing"],
)
def test_counters_that_grow_faster_than_allowed(counts, allowed, found):
    findings = of_counters("serial", SITE, {size: {"query": n} for size, n in counts.items()}, allowed)
    assert bool(findings) is found
    if found:
        (finding,) = findings
        assert (finding.rule, finding.template, finding.site) == ("PK502", "serial: query", SITE)
        assert (finding.saving_ns, finding.count) == (None, counts[max(counts)])
        assert finding.basis.startswith("unknown")


def test_a_counter_that_appears_late_grows_from_nothing():
    assert shown({1: 0, 10: 4}) == "0 at size 1, 4 at size 10"
