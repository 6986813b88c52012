"""Chrome trace events: arrays and objects, closed or not, of programs and of browsers."""

import json

import pytest

from perfkit.ingest import chrome
from perfkit.model import Frame
from tests.ingest.make import found, judged, traces, tree


def event(name, ts, dur=None, ph="X", **more):
    kept = {"name": name, "ph": ph, "ts": ts, "pid": 1, "tid": 1} | more
    return kept if dur is None else kept | {"dur": dur}


def only(folder, content):
    everything, noted = traces(folder, content)
    assert noted.losses() == noted.remarks() == []
    (trace,) = everything.values()
    return trace


NESTED = [
    event("outer", 0, 100),
    event("inner", 10, 20.5),
    event("innermost", 11.25, 0),
    event("next", 40, 60),
]
TREE = [("outer", None), ("inner", "outer"), ("innermost", "inner"), ("next", "outer")]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(NESTED),
        json.dumps(list(reversed(NESTED))),
        json.dumps({"traceEvents": NESTED, "displayTimeUnit": "ms"}),
        json.dumps({"otherData": {"version": 1}, "traceEvents": NESTED}, indent=2),
        json.dumps(NESTED)[:-1],
        json.dumps(NESTED)[:-1] + ",\n",
        json.dumps(NESTED)[:-1] + ",]",
        json.dumps({"traceEvents": NESTED})[:-2],
    ],
    ids=["array", "any order", "object", "pretty", "no end", "no end, comma", "comma", "object, no end"],
)
def test_events_lie_inside_each_other_by_time(tmp_path, text):
    trace = only(tmp_path, text)
    assert tree(trace) == TREE
    assert [(one.start_ns, one.end_ns) for one in trace.spans] == [
        (0, 100_000),
        (10_000, 30_500),
        (11_250, 11_250),
        (40_000, 100_000),
    ]


def test_threads_and_processes_are_apart(tmp_path):
    events = [
        event("process_name", 0, ph="M", args={"name": "web"}),
        event("a", 0, 100),
        event("b", 10, 10, tid=2),
        event("c", 10, 10, pid=2),
        event("d", 20, 10),
    ]
    everything, _ = traces(tmp_path, events_file(events))
    by_process = {key.rpartition(" process ")[2]: trace for key, trace in everything.items()}
    first, second = by_process["1"], by_process["2"]
    assert tree(first) == [("a", None), ("b", None), ("d", "a")]
    assert [one.thread for one in first.spans] == [1, 2, 1]
    assert [one.attrs for one in first.spans] == [{"service": "web"}] * 3
    assert (tree(second), second.spans[0].attrs) == ([("c", None)], {})


def events_file(events):
    return json.dumps(events)


def test_begins_and_ends_are_paired(tmp_path):
    trace = only(
        tmp_path,
        events_file(
            [
                event("outer", 0, ph="B"),
                event("inner", 10, ph="B", args={"sql": "SELECT a FROM b WHERE c = 5"}),
                {"ph": "E", "ts": 30, "pid": 1, "tid": 1, "args": {"rows": 5}},
                {"ph": "E", "ts": 50, "pid": 1, "tid": 1},
            ]
        ),
    )
    assert tree(trace) == [("outer", None), ("SELECT a FROM b WHERE c = ?", "outer")]
    assert [one.duration_ns for one in trace.spans] == [50_000, 20_000]


def test_asynchronous_events_are_tasks(tmp_path):
    events = [
        event("task", 0, ph="b", id="0x1", cat="app"),
        event("other", 1, ph="b", id="0x2", cat="app"),
        event("step", 2, ph="n", id="0x1", cat="app"),
        event("part", 5, ph="b", id="0x1", cat="app"),
        event("part", 8, ph="e", id="0x1", cat="app", tid=7),
        event("other", 9, ph="e", id="0x2", cat="app"),
        event("task", 9, ph="e", id="0x1", cat="app"),
        event("old", 10, ph="S", id=5),
        event("old", 12, ph="F", id=5),
    ]
    trace = only(tmp_path, events_file(events))
    assert tree(trace) == [("task", None), ("other", None), ("part", "task"), ("old", None)]
    tasks = [one.task for one in trace.spans]
    assert tasks[0] == tasks[2] != tasks[1]
    assert all(tasks)


def test_what_is_not_whole_is_told(tmp_path):
    events = [
        event("never ends", 0, ph="B"),
        event("x", 1, ph="E", tid=9),
        event("no time", "soon", 5),
        event("no length", 5, "long"),
        event("odd", 1, ph="?"),
        event("mark", 1, ph="i"),
        17,
    ]
    everything, noted = traces(tmp_path, events_file(events))
    (trace,) = everything.values()
    assert [(one.name, one.error) for one in trace.spans] == [
        ("never ends", "unfinished"),
        ("no length", "unfinished"),
    ]
    assert noted.losses() == [
        "left out: 1 event without a beginning",
        "left out: 1 span without a usable start",
        "left out: 1 event of an unknown phase",
        "left out: 1 event of another type than trace events have there",
    ]
    assert noted.remarks() == ["taken as unfinished: 2 spans without a usable end"]


def test_damage_is_told(tmp_path):
    text = events_file(NESTED)
    everything, noted = traces(tmp_path, text[:-20])
    assert [len(trace.spans) for trace in everything.values()] == [3]
    assert "ends in the middle of a value" in noted.losses()[0]
    everything, noted = traces(tmp_path, f"{text[:-1]}, junk, {text[1:]}")
    assert [len(trace.spans) for trace in everything.values()] == [4]
    assert "is no JSON from about character" in noted.losses()[0]


def test_events_that_wait_for_their_end_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(chrome, "MAX_WAITING", 20)
    text = ",".join('{"ph":"B","ts":0}' for _ in range(25))
    everything, noted = traces(tmp_path, f"[{text}]")
    assert [len(trace.spans) for trace in everything.values()] == [20]
    assert noted.losses() == ["left out: 5 events beyond 20 that have begun and not ended"]


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ({"args": {"db.system": "mysql", "db.statement": "SELECT 5"}}, "query", "SELECT ?"),
        ({"args": {"sql": "select a from b where c = 'x'"}}, "query", "SELECT a FROM b WHERE c = ?"),
        ({"args": {"query": "DELETE FROM b"}}, "query", "DELETE FROM b"),
        ({"name": "SELECT a FROM b", "cat": "sql"}, "query", "SELECT a FROM b"),
        ({"name": "COMMIT", "cat": "db.sql"}, "transaction", "COMMIT"),
        ({"name": "SELECT a FROM b", "cat": "ui"}, "span", "SELECT a FROM b"),
        ({"cat": "sql"}, "span", "x"),
        ({"args": {"query": "name=5"}, "cat": "sql"}, "span", "x"),
        ({"args": {"url": "http://a.test/u/17", "method": "post"}}, "request", "POST a.test/u/{id}"),
        ({"args": {"url": "http://a.test/u/17"}, "cat": "http"}, "request", "GET a.test/u/{id}"),
        ({"name": "PUT http://a.test/u/17", "cat": "net"}, "request", "PUT a.test/u/{id}"),
        ({"args": {"url": "http://a.test/app.js"}, "cat": "devtools.timeline"}, "span", "x"),
        ({"args": {"url": "app.js", "method": "GET"}}, "span", "x"),
        ({"args": {"http.method": "GET", "http.url": "http://a.test/"}}, "request", "GET a.test/"),
        ({"args": {"data": {"sql": "SELECT 5"}}}, "span", "x"),
        ({"name": "View.load (/app/views.py:17)", "cat": "FEE"}, "span", "View.load"),
    ],
)
def test_what_an_event_is(tmp_path, given, kind, name):
    (one,) = only(tmp_path, events_file([event("x", 0, 5) | given])).spans
    assert (one.kind, one.name) == (kind, name)


def test_a_traced_function_has_its_place(tmp_path):
    mine, other = event("load (/app/views.py:17)", 0, 9), event("get (/lib/site-packages/x.py:5)", 1, 5)
    first, second = only(tmp_path, events_file([mine, other])).spans
    assert (first.name, first.site) == ("load", Frame("/app/views.py", 17, "load"))
    assert (second.name, second.site) == ("get", None)


@pytest.mark.parametrize("status", [{"status": 404}, {"status_code": "404"}, {"http.status_code": 404}])
def test_a_requests_status(tmp_path, status):
    (one,) = only(tmp_path, events_file([event("GET http://a.test/", 0, 5, args=status)])).spans
    assert one.kind == ("request" if one.attrs.get("status") else "span")


def test_a_loop_of_queries_is_found(tmp_path):
    queries = [
        event("execute", 10 + n * 10, 5, cat="sql", args={"sql": f"SELECT a FROM b WHERE c = {n}"})
        for n in range(6)
    ]
    events = [event("page", 0, 100), *queries]
    assert found(judged(tmp_path, events_file(events))) == [("PK101", 6, 1)]
