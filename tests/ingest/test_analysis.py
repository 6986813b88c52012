"""The rules over files of traces."""

import gzip
import json
import tracemalloc

import pytest

from perfkit.errors import TraceFileError, UnknownNameError
from perfkit.ingest import analysis as module
from perfkit.ingest import analyze
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.reading import Reader
from perfkit.rules import Limits
from tests.ingest.make import (
    CLIENT,
    SERVER,
    TRACE,
    document,
    found,
    judged,
    n_plus_one,
    query,
    request,
    resource,
    span,
    stored,
)


def many(count, **options):
    """A line for each of several traces with the same loop, longer each time."""
    return [document(*n_plus_one(5 + n, f"{n + 1:032x}", n * 1000, **options)) for n in range(count)]


def test_the_same_loop_in_many_traces_is_one_finding(tmp_path):
    analysis = judged(tmp_path, many(4))
    (row,) = analysis.findings
    assert (row.rule, row.count, row.traces, row.place) == ("PK101", 26, 4, "shop: GET /orders")
    assert row.evidence[0] == f"in 4 traces, up to 8 times in one; the costliest: {4:032x}"
    assert (analysis.imported.format, analysis.imported.traces, analysis.imported.spans) == ("otlp", 4, 30)
    assert (analysis.clock, analysis.imported.left_out, analysis.remarks) == ("wall", [], [])


def test_per_trace(tmp_path):
    rows = judged(tmp_path, many(3), per_trace=True).findings
    assert [(row.count, row.traces, row.evidence[0]) for row in rows] == [
        (7, 1, f"in trace {3:032x}"),
        (6, 1, f"in trace {2:032x}"),
        (5, 1, f"in trace {1:032x}"),
    ]


def test_thresholds(tmp_path):
    content = many(3)
    assert found(judged(tmp_path, content, limits=Limits(min_calls_imported=7))) == [("PK101", 7, 1)]
    # 18 queries of a millisecond in all, up to 7 in one trace
    assert found(judged(tmp_path, content, limits=Limits(min_spent_ms=18.0))) == [("PK101", 18, 3)]
    assert found(judged(tmp_path, content, limits=Limits(min_spent_ms=18.1))) == []
    assert found(judged(tmp_path, content, limits=Limits(min_spent_ms=6.0), per_trace=True)) == [
        ("PK101", 7, 1),
        ("PK101", 6, 1),
    ]


def test_each_answer_is_a_scope_of_its_own(tmp_path):
    spans = [span(1, None, 0, 1000, "job")]
    for n in range(10):
        spans += [span(100 + n, 1, n * 10, 9, "GET /orders", SERVER), query(200 + n, 100 + n, n * 10 + 1)]
    assert found(judged(tmp_path, document(*spans))) == []


def test_the_same_query_of_two_services_is_no_loop(tmp_path):
    parts = []
    for n, service in enumerate(("shop", "front")):
        call = request(10 + n, 1, n * 20, 15, url=f"http://{service}.test/")
        below = [query(100 + n * 10 + m, 50 + n, n * 20 + m) for m in range(3)]
        parts += [
            resource(call, service="web"),
            resource(span(50 + n, 10 + n, n * 20, 9), *below, service=service),
        ]
    whole = {"resourceSpans": [resource(span(1, None, 0, 99, "GET /", SERVER), service="web"), *parts]}
    assert found(judged(tmp_path, whole)) == []
    assert found(judged(tmp_path, whole, limits=Limits(min_calls_imported=3))) == [("PK101", 3, 1)] * 2


def test_a_partial_trace_is_judged(tmp_path):
    analysis = judged(tmp_path, document(*n_plus_one(6)[1:]))
    assert found(analysis) == [("PK101", 6, 1)]
    assert analysis.findings[0].place == "shop"
    assert analysis.remarks == ["taken as roots: 6 spans with a parent that is not in the file"]


def test_an_orm_over_a_driver_is_counted_once(tmp_path):
    parts = [resource(span(1, None, 0, 99, "GET /", SERVER))]
    for n in range(6):
        statement = {"db.system": "postgresql", "db.statement": "SELECT * FROM items WHERE order_id = %s"}
        outer = span(10 + n, 1, n * 10, 5, "SELECT shop", CLIENT, facts=statement)
        parts += [resource(outer, scope="orm"), resource(query(30 + n, 1, n * 10 + 1, 2), scope="driver")]
    analysis = judged(tmp_path, {"resourceSpans": parts})
    assert found(analysis) == [("PK101", 6, 1)]
    assert analysis.remarks == ["counted once: 6 spans inside another layer's for the same call"]


def test_a_trace_may_be_spread_over_files(tmp_path):
    spans = n_plus_one(6)
    names = [stored(tmp_path, document(*spans[n::3]), f"{n}.json") for n in range(3)]
    names.append(stored(tmp_path, gzip.compress(b'[{"name":"x","ph":"X","ts":1,"dur":5}]'), "c.json.gz"))
    analysis = analyze(names)
    assert found(analysis) == [("PK101", 6, 1)]
    assert (analysis.imported.source, analysis.imported.format) == (", ".join(names), "otlp, chrome")
    assert (analysis.imported.traces, analysis.imported.spans) == (2, 8)


def test_large_files_are_not_held(tmp_path):
    root = span(1, None, 0, 10, "GET /", SERVER)
    blank = {"scopeSpans": [{"spans": [query(n + 2, 1, n) for n in range(3)] + [root]}]}
    text = json.dumps(blank["scopeSpans"][0]["spans"])[1:-1]
    with (tmp_path / "large.json").open("w") as file:
        file.write('{"resourceSpans": [{"scopeSpans": [{"spans": [')
        file.write(",".join(text.replace(TRACE, f"{n + 1:032x}") for n in range(2000)))
        file.write("]}]}]}")
    size = (tmp_path / "large.json").stat().st_size
    noted = LeftOut()
    reader = Reader([str(tmp_path / "large.json")], noted, max_open_spans=200)
    tracemalloc.start()
    sizes = [len(trace.spans) for _, trace in reader.traces()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [4] * 2000
    assert (reader.count, reader.spans) == (2000, 8000)
    assert peak < size / 1.5
    assert noted.losses()[0].startswith("judged early: ")


def test_what_a_rule_fails_on_costs_no_other_trace(tmp_path, monkeypatch):
    calls = []

    def failing(trace, *more):
        calls.append(trace)
        if len(calls) == 1:
            raise KeyError("secret")
        return []

    monkeypatch.setattr(module, "check", failing)
    analysis = judged(tmp_path, many(3))
    assert len(calls) == 3
    assert analysis.imported.left_out == [
        "not judged: 1 trace that a rule failed on with KeyError: please report it"
    ]


def test_an_interruption_keeps_what_was_found(tmp_path, monkeypatch):
    real, calls = module.check, []

    def interrupted(trace, *more):
        calls.append(trace)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(trace, *more)

    monkeypatch.setattr(module, "check", interrupted)
    analysis = judged(tmp_path, many(5))
    assert analysis.interrupted
    assert found(analysis) == [("PK101", 11, 2)]
    assert analysis.imported.left_out == ["interrupted: the rest of the files was not read"]


def test_a_files_word_reads_no_other_files(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("perfkit.rules.sources._read", opened.append)
    facts = [
        {"code.filepath": name, "code.lineno": 5} for name in ("/etc/passwd", "app/views.py", "/dev/zero")
    ]
    spans = [
        query(10 * n + m, None, 10 * n + m, facts=one) for n, one in enumerate(facts, 1) for m in range(4)
    ]
    assert len(judged(tmp_path, document(*spans)).findings) == 3
    assert {name.rpartition("/")[2] for name in opened} == {"views.py"}


def test_formats_that_are_named(tmp_path):
    path = stored(tmp_path, {"junk": ["x" * 300_000], "resourceSpans": [resource(*n_plus_one())]})
    with pytest.raises(TraceFileError, match="none of the formats that perfkit knows by their keys"):
        analyze([path])
    assert found(analyze([path], form="otlp")) == [("PK101", 6, 1)]
    assert analyze([path], form="chrome").imported.spans == 0
    with pytest.raises(UnknownNameError, match="Did you mean 'otlp'"):
        analyze([path], form="oltp")


def test_all_files_are_looked_at_first(tmp_path):
    good, bad = stored(tmp_path, many(1)), stored(tmp_path, b"junk", "bad.json")
    with pytest.raises(TraceFileError, match=r"bad\.json is no JSON"):
        analyze([good, bad])
    with pytest.raises(TraceFileError, match=r"none\.json: No such file"):
        analyze([good, str(tmp_path / "none.json")])
