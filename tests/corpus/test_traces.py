"""Precision and recall of the rules on traces as production sends them."""

import json
import sys
from types import SimpleNamespace

import pytest

from tests.corpus.traces.building.otlp import SHAPES, encode
from tests.corpus.traces.building.recorder import SERVER, File, Op, Scope, Service
from tests.corpus.traces.judging.labels import Case, all_cases, finds, may
from tests.corpus.traces.judging.run import analyse
from tests.corpus.traces.judging.scores import judge, problems, scores, table

OVERALL = 0.98
PER_RULE = 0.95
ENOUGH_CASES = 10
"""A rule with fewer cases counts among all of them only."""
COUNTS = 0.95
"""Share of the findings that say how many calls it really were."""
MIN_FILES = 30
"""So many that are wrong, and so many that look similar and are right."""


@pytest.fixture(scope="module")
def analysed():
    return analyse(all_cases().values())


@pytest.fixture(scope="module")
def results(analysed):
    return analysed[0]


@pytest.fixture(scope="module")
def found(results):
    return scores(results)


def test_there_are_enough_of_both_kinds():
    cases = all_cases().values()
    wrong = sum(bool(case.expected) for case in cases)
    assert wrong >= MIN_FILES
    assert len(cases) - wrong >= MIN_FILES


def test_no_rule_fails_on_a_trace(analysed):
    assert not analysed[1]


def test_the_rules_find_what_is_wrong_and_nothing_else(results, found, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\n{table(results)}\n")
    assert found["all"].precision >= OVERALL, problems(results)
    assert found["all"].recall >= OVERALL, problems(results)


def test_each_rule_by_itself(results, found):
    weak = [
        rule
        for rule, score in found.items()
        if score.cases >= ENOUGH_CASES and min(score.precision or 0, score.recall) < PER_RULE
    ]
    assert not weak, problems(results)


def test_they_say_how_many_calls_it_were(results, found):
    assert found["all"].sites >= COUNTS, problems(results)


# The files


def spans_of(text):
    """All spans of a file of any shape, as written."""
    documents = [json.loads(line) for line in text.splitlines()] if "\n{" in text else [json.loads(text)]
    for document in documents:
        for resource in document["resourceSpans"]:
            for scope in resource.get("scopeSpans") or resource["instrumentationLibrarySpans"]:
                yield from scope["spans"]


@pytest.mark.parametrize("name", all_cases())
def test_a_file_is_whole_and_always_the_same(name):
    case = all_cases()[name]
    spans = list(spans_of(case.text()))
    ids = {span["spanId"] for span in spans}
    assert len(ids) == len(spans)
    lost = [span for span in spans if span["parentSpanId"] and span["parentSpanId"] not in ids]
    assert bool(lost) == (name == "parents_that_are_missing")
    assert all(int(span["startTimeUnixNano"]) < int(span["endTimeUnixNano"]) for span in spans)
    assert case.text() == case.text()


def recorded():
    file = File("two spans")
    trace = file.trace(Service("shop"))
    with trace.open(Op("GET /", SERVER, {"http.route": "/", "n": 3, "x": 0.5, "l": ["a"]}, Scope("flask"))):
        trace.call(Op("SELECT", 3, {}, Scope("psycopg2")), 2, error="timeout")
    return file.spans


@pytest.mark.parametrize("shape", SHAPES)
def test_children_come_before_their_parents(shape):
    query, request = spans_of(encode(recorded(), shape))
    assert query["parentSpanId"] == request["spanId"]
    assert (request["kind"], query["status"]["code"]) == (
        ("SPAN_KIND_SERVER", "STATUS_CODE_ERROR") if shape == "names" else (SERVER, 2)
    )


def test_what_is_together_overlaps():
    file = File("three at once")
    trace = file.trace(Service("shop"))
    for name in trace.together("abc", 1):
        trace.call(Op(name, 3, {}, Scope("x")), 10)
    first, second, third = file.spans
    assert first.start_ns < second.start_ns < third.start_ns < first.end_ns
    trace.call(Op("d", 3, {}, Scope("x")))
    assert file.spans[3].start_ns >= third.end_ns


# The judge


def finding(rule, template, count=5):
    return SimpleNamespace(rule=rule, template=template, count=count)


def labelled(*labels):
    return Case("orders", None, labels, Service("shop"), "lines")


def test_a_label_takes_the_finding_of_its_count():
    few, many = finding("PK101", "SELECT A", 5), finding("PK101", "SELECT A", 9)
    wanted = finds("PK101", "select a", 9)
    assert judge(labelled(wanted), [few, many]) == ([(wanted, many)], [], [few])


def test_one_of_two_rules_will_do():
    wanted = finds("PK102|PK104", "/prices")
    seen = finding("PK104", "GET h/prices")
    assert judge(labelled(wanted), [seen]) == ([(wanted, seen)], [], [])
    assert judge(labelled(wanted), [finding("PK101", "/prices")]).missed == [wanted]


def test_what_may_be_found_is_never_demanded():
    seen = finding("PK101", "SELECT A")
    assert judge(labelled(may("PK101")), [seen]) == ([], [], [])
    assert judge(labelled(may("PK101")), []) == ([], [], [])
    assert judge(labelled(may("PK101", "select b")), [seen]).wrong == [seen]


def test_scores():
    results = {
        labelled(finds("PK101", "a", 5), finds("PK102", "b")): [
            finding("PK101", "a", 6),
            finding("PK103", "a"),
        ],
        labelled(): [],
    }
    found = scores(results)
    assert found["PK101"] == (1, 1, 0, 0)
    assert found["PK102"] == (1, 0, 0, 0)
    assert found["PK103"] == (0, 0, 0, 1)
    assert found["all"] == (2, 1, 0, 1)
    assert "missed PK102 on 'b'; wrong PK103 on 'a', 5 times" in problems(results)
