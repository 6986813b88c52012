"""Trace events: rows that nest, and perfkit analyze finds in them what it finds in the run itself."""

import json
from collections import Counter

import pytest

import perfkit
from perfkit.ingest import analyze
from perfkit.model import Frame, Span, Trace, pack, unpack
from perfkit.report.formats.chrome import render
from tests.ingest.make import only, stored
from tests.report.formats.runs import RUNS
from tests.report.sample import empty_run, sample_run, trace_run

pytestmark = pytest.mark.once


def events_of(run, phases="XbeM"):
    return [event for event in json.loads(render(run))["traceEvents"] if event["ph"] in phases]


@pytest.mark.parametrize("name", RUNS)
def test_events_are_in_order_and_those_of_a_row_nest(name):
    rows, begun = {}, Counter()
    last = {}
    for event in events_of(RUNS[name](), "Xbe"):
        assert {"ph", "pid", "tid", "ts", "name", "cat"} <= set(event)
        assert event["ts"] >= last.get(event["pid"], 0)
        last[event["pid"]] = event["ts"]
        if event["ph"] == "X":
            row = rows.setdefault((event["pid"], event["tid"]), [])
            start, end = event["ts"], event["ts"] + event["dur"]
            while row and row[-1] <= start + 1e-6:
                row.pop()
            assert not row or end <= row[-1] + 1e-6
            row.append(end)
        else:
            begun[event["pid"], event["id"]] += 1 if event["ph"] == "b" else -1
            assert begun[event["pid"], event["id"]] >= 0
    assert not any(begun.values())


def test_processes_and_rows_have_names():
    names = [(e["name"], e["pid"], e["tid"], e["args"]["name"]) for e in events_of(trace_run(), "M")]
    assert names == [
        ("process_name", 1, 0, "perfkit run app/report.py"),
        ("thread_name", 1, 1, "main"),
        ("thread_name", 1, 2, "thread 1, task 1"),
    ]


def test_a_request():
    event = events_of(trace_run(), "X")[2]
    assert (event["name"], event["cat"], event["ts"], event["dur"]) == (
        "GET api.test/items/{id}",
        "request",
        100_000,
        130_000,
    )
    assert event["args"] == {
        "perfkit.span_id": 2,
        "perfkit.parent_id": 1,
        "http.response.status_code": 200,
        "code.file.path": "app/report.py",
        "code.line.number": 41,
        "code.function.name": "fetch",
        "perfkit.kind": "request",
        "perfkit.task": 1,
        "perfkit.thread": 1,
    }


def test_what_a_task_does_at_once_is_asynchronous():
    run = empty_run(kind="trace", clock="wall")
    spans = [Span(number, None, "request", "GET a.test/", number, number + 9) for number in (1, 2)]
    run.trace = pack(Trace("wall", 0, 20, spans))
    assert [(event["ph"], event["ts"]) for event in events_of(run, "Xbe")] == [
        ("X", 0),
        ("X", 0.001),
        ("b", 0.002),
        ("e", 0.011),
    ]


def recorded():
    """A recording with a loop over requests, some at once, below spans of the application's own."""
    site, outer = Frame("app/orders.py", 17, "totals"), Frame("app/views.py", 9, "page")
    spans = [Span(1, None, "span", "page of [orders]", 0, 900_000_000, outer, (outer,), attrs={"user": 5})]
    for number in range(40):
        start = number // 2 * 40_000_000 + number % 2 * 1_000
        attrs = {
            "method": "GET",
            "host": "api.test",
            "template": "/users/{id}",
            "body": "",
            "params": {"path": f"{number:016x}"},
            "status": 200,
            "retry": 0,
            "library": "aiohttp",
            "connection": "reused",
        }
        task = 1 + number % 2
        request = Span(number + 2, 1, "request", "GET api.test/users/{id}", start, start + 30_000_001)
        request.site, request.path, request.attrs, request.task, request.thread = (
            site,
            (site, outer),
            attrs,
            task,
            1,
        )
        spans.append(request)
    return Trace("wall", 0, 900_000_000, spans, probes=["aiohttp"], warnings=["mind the gap"], cpu_ns=77)


def told(analysis):
    return [
        (f.rule, f.template, f.count, f.site, f.path, f.spent_ns, f.saving_ns, f.basis, f.evidence[1:])
        for f in analysis.findings
    ]


def without_service(trace):
    """The spans without what only the file tells: the name of its process."""
    for span in trace.spans:
        span.attrs = {key: value for key, value in span.attrs.items() if key != "service"}
    return trace.spans


def test_a_recording_comes_back_whole(tmp_path):
    run = trace_run()
    run.trace = pack(recorded())
    trace = only(tmp_path, render(run))
    sent = unpack(run.trace)
    assert without_service(trace) == sent.spans
    assert (trace.probes, trace.warnings, trace.cpu_ns) == (sent.probes, sent.warnings, sent.cpu_ns)


def test_analyze_finds_in_it_what_it_finds_in_the_run(tmp_path):
    run = trace_run()
    run.trace = pack(recorded())
    from perfkit.report import render as in_format

    there, back = (
        analyze([stored(tmp_path, in_format(run, form), f"run.{form}")]) for form in ("json", "chrome")
    )
    assert [finding.rule for finding in there.findings] == ["PK102"]
    assert told(back) == told(there)


def test_a_bench_is_a_trace_for_each_cell(tmp_path):
    run = sample_run(groups=("aiohttp",), sizes=[20])
    from perfkit.report import render as in_format

    ways = {
        form: analyze([stored(tmp_path, in_format(run, form), f"run.{form}")]) for form in ("otlp", "chrome")
    }
    assert ways["chrome"].imported.traces == ways["otlp"].imported.traces == 24
    assert ways["chrome"].imported.left_out == []
    assert told(ways["chrome"]) == told(ways["otlp"])


def test_a_finding_in_several_cells_of_a_scenario_is_one(tmp_path):
    run = sample_run(groups=("aiohttp",), sizes=[20])
    for number, cell in enumerate(run.scenarios[0].cells):
        cell.trace = pack(recorded()) if number < 2 else None
    found = analyze([stored(tmp_path, render(run))])
    assert [(one.rule, one.traces, one.place) for one in found.findings] == [("PK102", 2, "leads")]
    assert found.clock == recorded().clock


def test_what_a_program_really_did_comes_back(tmp_path):
    import sqlite3

    with perfkit.record() as recording:
        db = sqlite3.connect(":memory:")
        with perfkit.span("load"):
            for number in range(12):
                db.execute("SELECT ?", (number,)).fetchall()
        db.close()
    run = trace_run()
    run.trace = pack(recording.trace)
    back = only(tmp_path, render(run))
    sent = unpack(run.trace)
    assert [(s.kind, s.name, s.duration_ns, s.parent, s.attrs) for s in without_service(back)] == [
        (s.kind, s.name, s.duration_ns, s.parent, s.attrs) for s in sent.spans
    ]
