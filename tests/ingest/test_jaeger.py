"""Jaeger's JSON, with OpenTracing's tags and OpenTelemetry's."""

import json

import pytest

from tests.ingest.make import BASE_NS, MS, TRACE, only, traces, tree


def span(number, parent=None, start_us=0, took_us=1000, name="work", process="p1", logs=(), **tags):
    references = [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": f"{parent:x}"}] if parent else []
    return {
        "traceID": TRACE,
        "spanID": f"{number:x}",
        "references": references,
        "operationName": name,
        "startTime": BASE_NS // 1000 + start_us,
        "duration": took_us,
        "tags": [{"key": key.replace("__", "."), "type": "string", "value": v} for key, v in tags.items()],
        "logs": list(logs),
        "processID": process,
    }


def document(*spans):
    processes = {"p1": {"serviceName": "shop", "tags": []}, "p2": {"serviceName": "front", "tags": []}}
    return {
        "data": [{"traceID": TRACE, "spans": list(spans), "processes": processes, "warnings": None}],
        "total": 0,
    }


OLD = {"db__type": "sql", "db__instance": "shop", "db__statement": "SELECT 5 FROM t", "span__kind": "client"}
NEW = {"db__system": "mysql", "db__name": "shop", "db__statement": "SELECT 5 FROM t", "span__kind": "client"}


@pytest.mark.parametrize(("tags", "system"), [(OLD, "other_sql"), (NEW, "mysql")])
def test_a_trace(tmp_path, tags, system):
    server = span(1, None, 0, 9000, "GET /orders/17", span__kind="server", process="p2")
    trace = only(
        tmp_path, document(server, span(2, 1, 1000, peer__service="db", otel__scope__name="x", **tags))
    )
    root, child = trace.spans
    assert (root.name, root.attrs) == ("GET /orders/{id}", {"service": "front", "entry": True})
    assert (child.parent, child.kind, child.name) == (1, "query", "SELECT ? FROM t")
    assert (child.start_ns, child.duration_ns) == (MS, MS)
    known = {key: child.attrs[key] for key in ("system", "database", "host", "service", "tracer")}
    assert known == {"system": system, "database": "shop", "host": "db", "service": "shop", "tracer": "x"}


def test_requests_and_errors(tmp_path):
    fields = [{"key": "event", "value": "error"}, {"key": "error.kind", "value": "socket.Timeout"}]
    trace = only(
        tmp_path,
        document(
            span(
                1,
                http__url="http://a.test/x/17",
                http__method="GET",
                http__status_code=404,
                span__kind="client",
            ),
            span(2, error=True, logs=[{"timestamp": 1, "fields": fields}]),
            span(3, error="true"),
            span(4, error=False),
        ),
    )
    assert [(one.kind, one.name, one.error) for one in trace.spans] == [
        ("request", "GET a.test/x/{id}", None),
        ("span", "work", "Timeout"),
        ("span", "work", "error"),
        ("span", "work", None),
    ]
    assert trace.spans[0].attrs["status"] == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda one: {**one, "references": [], "parentSpanID": "1"},
        lambda one: {**one, "references": [{"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": "1"}]},
        lambda one: {**one, "references": [5, {"traceID": "b" * 32, "spanID": "9"}, *one["references"]]},
    ],
)
def test_parents(tmp_path, change):
    whole = document(span(1, name="root"), change(span(2, 1, 10, 1)))
    assert tree(only(tmp_path, whole)) == [("root", None), ("work", "root")]


def test_lists_of_traces_and_one_trace(tmp_path):
    one = document(span(1))["data"][0]
    for whole in ([one], one, {"data": one}, json.dumps(one, indent=2)):
        assert tree(only(tmp_path, whole)) == [("work", None)]


def test_damage_is_told(tmp_path):
    text = json.dumps(document(span(1), span(2, 1, 5)))
    found, noted = traces(tmp_path, text[:-200])
    assert len(found[TRACE].spans) >= 1
    assert "ends in the middle of a value" in noted.losses()[0]
    found, noted = traces(tmp_path, text.replace('"startTime"', "startTime") + " " * 50)
    assert (found, "is no JSON from about character" in noted.losses()[0]) == ({}, True)
    odd = {**span(3), "startTime": "x"}
    found, noted = traces(tmp_path, document(5, odd, {**span(4), "traceID": 0}))
    assert noted.losses() == [
        "left out: 1 span of another type than Jaeger has there",
        "left out: 1 span without a usable start",
        "left out: 1 span without a trace id",
    ]
