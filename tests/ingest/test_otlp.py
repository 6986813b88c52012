"""OTLP as JSON, as many kinds of exporters write it."""

import base64
import json

import pytest

from perfkit.fingerprints.values import hash_params
from perfkit.model import Frame
from tests.ingest.make import (
    BASE_NS,
    CLIENT,
    MS,
    SERVER,
    TRACE,
    attributes,
    document,
    n_plus_one,
    only,
    query,
    request,
    resource,
    span,
    traces,
    tree,
)


def test_a_whole_trace(tmp_path):
    facts = {"http.route": "/orders", "user.email": "me@example.com", "thread.id": 77}
    server = span(1, None, 0, 10, "GET /orders", SERVER, facts=facts)
    trace = only(tmp_path, document(server, query(2, 1, 1, 2, {"server.address": "db", "thread.id": 77})))
    assert (trace.clock, trace.start_ns, trace.end_ns) == ("wall", 0, 10 * MS)
    root, child = trace.spans
    assert (root.id, root.parent, root.kind, root.name) == (1, None, "span", "GET /orders")
    assert (root.start_ns, root.end_ns, root.thread, root.error) == (0, 10 * MS, 1, None)
    assert root.attrs == {"http.route": "/orders", "service": "shop", "entry": True}
    assert (child.id, child.parent, child.kind) == (2, 1, "query")
    assert (child.start_ns, child.end_ns, child.thread) == (MS, 3 * MS, 1)
    assert child.name == "SELECT * FROM items WHERE order_id = ?"
    assert child.attrs == {
        "sql": "SELECT * FROM items WHERE order_id = ?",
        "system": "postgresql",
        "host": "db",
        "database": "shop",
        "service": "shop",
        "tracer": "lib",
    }


def as_written(*spans):
    """The same document in the words of different exporters."""
    plain = document(*spans)
    yield "one document", json.dumps(plain)
    yield "pretty", json.dumps(plain, indent=4)
    yield "one a line", "".join(f"{json.dumps(document(one))}\n" for one in spans)
    yield "windows lines", "\r\n".join(json.dumps(document(one)) for one in spans)
    yield "a list of documents", json.dumps([document(one) for one in spans])
    yield "tempo", json.dumps({"batches": plain["resourceSpans"]})
    yield "tempo's v2", json.dumps({"trace": plain})
    yield "jaeger's v3", json.dumps({"result": plain})
    yield "with a mark", "\ufeff" + json.dumps(plain)
    text = json.dumps(plain)
    yield (
        "old libraries",
        text.replace("scopeSpans", "instrumentationLibrarySpans").replace(
            '"scope"', '"instrumentationLibrary"'
        ),
    )
    snake = text
    for key in (
        *("resourceSpans", "scopeSpans", "traceId", "spanId", "parentSpanId", "startTimeUnixNano"),
        *("endTimeUnixNano", "stringValue", "intValue"),
    ):
        snake = snake.replace(
            f'"{key}"', '"' + "".join(f"_{c.lower()}" if c.isupper() else c for c in key) + '"'
        )
    yield "snake case", snake
    other = json.loads(text)
    for part in other["resourceSpans"]:
        for one in part["scopeSpans"][0]["spans"]:
            for key in ("traceId", "spanId", "parentSpanId"):
                if key in one:
                    one[key] = base64.b64encode(bytes.fromhex(one[key])).decode()
            one["kind"] = ["", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT"][one["kind"]]
            for key in ("startTimeUnixNano", "endTimeUnixNano"):
                one[key] = int(one[key])
    yield "protobuf's json, and numbers", json.dumps(other)
    for one in other["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        one["attributes"] = {
            entry["key"]: int(plain) if kind == "intValue" else plain
            for entry in one["attributes"]
            for kind, plain in entry["value"].items()
        }
    yield "attributes as an object", json.dumps(other)
    (part,) = document(*spans)["resourceSpans"]
    yield "keys in another order", json.dumps({"resourceSpans": [dict(reversed(part.items()))]})


SPANS = [*n_plus_one(3), span(9, 1, 1, 1, facts={"count": 5})]
WRITTEN = dict(as_written(*SPANS))


@pytest.mark.parametrize("how", WRITTEN)
def test_all_ways_to_write_a_trace_are_read_alike(tmp_path, how):
    expected = only(tmp_path, document(*SPANS))
    found, noted = traces(tmp_path, WRITTEN[how])
    assert list(found) == [TRACE]
    assert found[TRACE].spans == expected.spans
    assert noted.losses() == noted.remarks() == []


def test_spans_of_one_trace_lie_in_many_lines(tmp_path):
    other = "a" * 32
    lines = [
        document(query(2, 1, 1)),
        document(span(1, trace=other, name="other")),
        {"resourceMetrics": [{"resource": {}}]},
        document(span(1, None, 0, 9, "GET /")),
    ]
    found, noted = traces(tmp_path, lines)
    assert tree(found[TRACE]) == [("GET /", None), ("SELECT * FROM items WHERE order_id = ?", "GET /")]
    assert tree(found[other]) == [("other", None)]
    assert noted.remarks() == ["passed over: 1 document of metrics, logs or profiles"]


RAISED = attributes({"exception.type": "sqlite3.OperationalError"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": {"code": 2}}, "error"),
        ({"status": {"code": "STATUS_CODE_ERROR"}, "facts": {"error.type": "a.b.Timeout"}}, "Timeout"),
        (
            {"status": {"code": 2}, "events": [{"name": "exception", "attributes": RAISED}]},
            "OperationalError",
        ),
        ({"status": {"code": 2, "message": "password s3cr3t"}, "events": [5, {"name": "log"}]}, "error"),
        ({"status": {"code": 1}}, None),
        ({"status": {}}, None),
        ({"status": 2}, None),
        ({"status": {"code": []}}, None),
    ],
)
def test_errors(tmp_path, changes, error):
    assert only(tmp_path, document(span(1, **changes))).spans[0].error == error


def test_a_refused_request_is_answered(tmp_path):
    refused = request(1, facts={"http.response.status_code": 503}, status={"code": 2})
    found = only(tmp_path, document(refused)).spans[0]
    assert (found.kind, found.attrs["status"], found.error) == ("request", 503, None)


@pytest.mark.parametrize(
    "keys",
    [
        ("code.file.path", "code.line.number", "code.function.name"),
        ("code.filepath", "code.lineno", "code.function"),
    ],
)
def test_the_line_of_the_application(tmp_path, keys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = dict(zip(keys, (f"{tmp_path}/app/views.py", 41, "page"), strict=True))
    found = only(tmp_path, document(query(1, facts=facts))).spans[0]
    assert found.path == (Frame("app/views.py", 41, "page"),) == (found.site,)
    assert not [key for key in found.attrs if key.startswith("code.")]


def test_values_do_not_come_in(tmp_path):
    secret = "Qz7x9Kp2Lm4"
    facts = {
        "db.system": "postgresql",
        "db.statement": f"SELECT * FROM t WHERE a = '{secret}'",
        "db.user": secret,
        "db.connection_string": f"postgresql://app:{secret}@db/shop",
    }
    url = {"http.method": "GET", "http.url": f"https://u:{secret}@api.test/a/{secret}?key={secret}"}
    spans = [
        span(1, name=f"GET /a/{secret}", facts={"note": secret, "url.path": f"/{secret}"}),
        span(2, 1, 0.1, 0.1, kind=CLIENT, facts=facts),
        span(3, 1, 0.3, 0.1, kind=CLIENT, facts=url),
    ]
    whole = document(*spans)
    whole["resourceSpans"][0]["resource"]["attributes"] += attributes({"process.command_line": secret})
    trace = only(tmp_path, whole)
    assert [one.kind for one in trace.spans] == ["span", "query", "request"]
    assert secret not in repr(trace)
    assert trace.spans[1].attrs["params"] == hash_params(facts["db.statement"])


@pytest.mark.parametrize(
    ("spans", "losses", "kept"),
    [
        ([span(1, traceId="")], ["left out: 1 span without a trace id"], 0),
        ([span(1, traceId=None), span(2, traceId="0" * 32)], ["left out: 2 spans without a trace id"], 0),
        ([span(1, startTimeUnixNano="x"), span(2)], ["left out: 1 span without a usable start"], 1),
        ([span(1, took=1e12)], ["left out: 1 span with more than a year between start and end"], 0),
        ([span(1), 5, None, "x"], ["left out: 2 spans of another type than OTLP has there"], 1),
        (
            [span(1), span(1, name="again")],
            ["left out: 1 span with an id that came before in the same trace"],
            1,
        ),
        ([span(1, spanId=""), span(2, spanId=None)], [], 2),
    ],
)
def test_what_cannot_be_used_is_counted(tmp_path, spans, losses, kept):
    found, noted = traces(tmp_path, document(*spans))
    assert noted.losses() == losses
    assert sum(len(trace.spans) for trace in found.values()) == kept


@pytest.mark.parametrize(
    ("changes", "error", "remark"),
    [
        ({"took": -5}, None, "taken as no time at all: 1 span with the end before the start"),
        ({"endTimeUnixNano": "0"}, "unfinished", "taken as unfinished: 1 span without a usable end"),
        ({"endTimeUnixNano": None}, "unfinished", "taken as unfinished: 1 span without a usable end"),
    ],
)
def test_odd_ends(tmp_path, changes, error, remark):
    found, noted = traces(tmp_path, document(span(1, **changes)))
    assert (found[TRACE].spans[0].duration_ns, found[TRACE].spans[0].error) == (0, error)
    assert noted.remarks() == [remark]


GOOD = json.dumps(document(span(1)))


@pytest.mark.parametrize(
    ("text", "losses", "kept"),
    [
        (f"{GOOD}\n{GOOD[:-60]}\n{GOOD.replace('1', '2', 1)}\n", ["left out: 1 line (or what"], 2),
        (f'{GOOD}\n{{"resourceSpans" x}}\n{GOOD}', ["left out: 1 line (or what"], 2),
        (f"{GOOD}\n{GOOD[:-3]}\n{GOOD}", ["left out: 1 line (or what"], 3),
        (f"{GOOD}\n{GOOD[:-60]}", ["ends in the middle of a value"], 1),
        (f"{GOOD}\n]]junk{'}' * 100}", ["is no JSON from about character"], 1),
    ],
)
def test_damaged_lines_cost_no_others(tmp_path, text, losses, kept):
    whole = text
    for number in range(text.count(TRACE)):
        whole = whole.replace(TRACE, f"{number + 1:032x}", 1)
    found, noted = traces(tmp_path, whole)
    (said,) = noted.losses()
    assert losses[0] in said
    assert len(found) == kept


def test_a_value_of_any_size_is_stepped_over(tmp_path):
    huge = span(2, 1, name="x" * (9 * 1024 * 1024))
    found, noted = traces(tmp_path, document(span(1), huge, query(3, 1)))
    assert [one.kind for one in found[TRACE].spans] == ["span", "query"]
    assert noted.losses() == ["left out: 1 value longer than 8 MB"]


def test_services_are_kept_apart(tmp_path):
    front = span(1, None, 0, 10, "GET /", SERVER)
    whole = {"resourceSpans": [resource(front, service="front"), resource(query(2, 1, 1), service="")]}
    assert [one.attrs.get("service") for one in only(tmp_path, whole).spans] == ["front", None]


def test_times_are_relative_to_the_first(tmp_path):
    early = span(1, startTimeUnixNano=BASE_NS - 5, endTimeUnixNano=BASE_NS)
    trace = only(tmp_path, document(query(2, None, 1), early))
    assert [one.start_ns for one in trace.spans] == [0, MS + 5]
