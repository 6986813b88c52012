"""Malformed, truncated and hostile files: a clear error or a partial result, never anything else."""

import copy
import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import RunFileError, TraceFileError
from perfkit.ingest import analyze
from tests.ingest.make import (
    BASE_NS,
    TRACE,
    document,
    n_plus_one,
    request,
    resource,
    span,
    stored,
)

CHROME = {
    "traceEvents": [
        {"name": "process_name", "ph": "M", "pid": 1, "args": {"name": "web"}},
        {"name": "load", "ph": "X", "ts": 1.5, "dur": 100, "pid": 1, "tid": 1, "cat": "FEE"},
        *(
            {"name": "q", "ph": "X", "ts": 2 + n, "dur": 1, "pid": 1, "tid": 1, "cat": "sql"}
            | {"args": {"sql": f"SELECT a FROM b WHERE c = {n}", "rows": 1}}
            for n in range(6)
        ),
        {"name": "async", "ph": "b", "ts": 3, "id": "0x1", "pid": 1, "tid": 2, "cat": "http"},
        {"name": "async", "ph": "e", "ts": 9, "id": "0x1", "pid": 1, "tid": 2, "cat": "http"},
        {
            "name": "open",
            "ph": "B",
            "ts": 4,
            "pid": 1,
            "tid": 3,
            "args": {"url": "http://a/1", "method": "GET"},
        },
        {"ph": "E", "ts": 5, "pid": 1, "tid": 3, "args": {"status": 200}},
    ]
}
JAEGER = {
    "data": [
        {
            "traceID": TRACE,
            "spans": [
                {
                    "traceID": TRACE,
                    "spanID": f"{n:x}",
                    "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "1"}] if n > 1 else [],
                    "operationName": "GET /orders" if n == 1 else "SELECT",
                    "startTime": BASE_NS // 1000 + n,
                    "duration": 100 if n == 1 else 1,
                    "tags": [
                        {"key": "span.kind", "type": "string", "value": "server" if n == 1 else "client"},
                        {"key": "db.type", "type": "string", "value": "sql"},
                        {"key": "db.statement", "type": "string", "value": f"SELECT a FROM b WHERE c = {n}"},
                        {"key": "error", "type": "bool", "value": n == 3},
                    ],
                    "logs": [{"timestamp": 1, "fields": [{"key": "error.kind", "value": "shop.NoItem"}]}],
                    "processID": "p1",
                }
                for n in range(1, 8)
            ],
            "processes": {"p1": {"serviceName": "shop", "tags": []}},
        }
    ]
}
OTLP = {
    "resourceSpans": [
        resource(*n_plus_one()),
        resource(
            *(request(50 + n, 1, n, url=f"http://api.test/users/{n}") for n in range(6)),
            span(70, 50, status={"code": 2}, events=[{"name": "exception", "attributes": []}]),
            service="front",
        ),
    ]
}


def settle(path, **options):
    """The analysis of a hostile file, or None where it is refused with a clear word."""
    try:
        found = analyze([path], **options)
    except (TraceFileError, RunFileError):
        return None
    assert not [text for text in found.imported.left_out if text.startswith("not judged")], found.imported
    return found


DEEP = "[" * 200_000
NASTY = {
    "empty": b"",
    "spaces": b" \n\t\r\n" * 100,
    "null bytes": b"\0" * 5000,
    "binary": bytes(range(256)) * 40,
    "protobuf": b"\n\xa4\x03\n\x1f\n\x1d\n\x0cservice.name",
    "zstd": b"\x28\xb5\x2f\xfd" + b"x" * 50,
    "utf-16": '{"resourceSpans": []}'.encode("utf-16"),
    "a number": b"17",
    "a text": b'"resourceSpans"',
    "an object of something else": b'{"name": "app", "version": 1}',
    "an empty object": b"{}",
    "deep arrays": DEEP.encode(),
    "deep objects": b'{"resourceSpans":' * 50_000,
    "deep attribute": json.dumps(document(span(1))).replace('"work"', DEEP + "]" * 200_000).encode(),
    "deep lists of documents": b"[" * 50 + b'{"resourceSpans": []}' + b"]" * 50,
    "truncated gzip without anything": gzip.compress(b"{}")[:6],
    "gzip of nothing": gzip.compress(b""),
    "gzip in gzip": gzip.compress(gzip.compress(b'{"resourceSpans": []}')),
    "run without anything": b'{"schema": 2}',
    "run of a newer kind": b'{"kind": "trace", "schema": 99}',
    "run with odd columns": json.dumps(
        {"kind": "trace", "clock": "wall", "seed": 0, "schema": 2, "machine": {"created": "", "environment": {
            "python": "", "implementation": "", "system": "", "machine": "", "cpus": 1}},
         "trace": {"clock": "wall", "start_ns": 0, "end_ns": 1, "id": [1, 2], "kind": [5]}}
    ).encode(),
    "open quote": b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "' + b"x" * 100_000,
    "wrong types": b'{"resourceSpans": [5, null, "x", [], {"resource": 5, "scopeSpans": 7},'
    b' {"scopeSpans": [null, {"spans": {}}, {"spans": [1, null, "x", [], {}]}, {"scope": []}]}]}',
    "events of wrong types": b'{"traceEvents": [1, null, {}, {"ph": 5}, {"ph": "X"}, {"ph": "X", "ts": "a"},'
    b' {"ph": "E"}, {"ph": "B", "ts": 1e400, "pid": {}, "tid": []}, {"ph": "M", "args": 5}]}',
    "jaeger of wrong types": b'{"data": [1, null, {"spans": [1, {"traceID": 5}, {"traceID": "a"}],'
    b' "processes": [1]}, {"spans": 5, "processes": {"p": 5}}]}',
    "many digits": b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": ' + b"9" * 20_000 + b"}]}]}]}",
    "lone surrogates": json.dumps(document(span(1, name="\ud800", facts={"\udfff": "\ud800"}))).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("form", [None, "otlp", "chrome", "jaeger", "perfkit"])
def test_nasty_files(tmp_path, name, form):
    settle(stored(tmp_path, NASTY[name]), form=form)


ODD = [
    *(
        None,
        True,
        -1,
        0,
        2**63,
        -(2**63),
        2**64,
        10**400,
        1e300,
        float("nan"),
        float("inf"),
        "",
        "\0",
        "x" * 99,
    ),
    *(
        [],
        {},
        [[]],
        {"a": {}},
        "NaN",
        "-1",
        "9" * 30,
        "ffffffffffffffff",
        TRACE,
        "\ud800",
        "SPAN_KIND_CLIENT",
    ),
    *(
        {"intValue": "x"},
        {"arrayValue": 5},
        {"kvlistValue": {"values": [5, {"key": 1}]}},
        {"bytesValue": "AA"},
    ),
]


def places(node, path=()):
    """The way to each value of a document."""
    yield path
    for key, inner in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from places(inner, (*path, key))


def changed(node, path, change):
    """The document with one value replaced, dropped or doubled."""
    if not path:
        return change(node)
    inner = copy.copy(node)
    inner[path[0]] = changed(node[path[0]], path[1:], change)
    return inner


@st.composite
def mutated(draw, whole):
    found = whole
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(list(places(found))[1:] or [()]))
        other = draw(st.sampled_from(list(places(found))))
        how = draw(st.sampled_from(["odd", "odd", "moved", "dropped"]))
        if how == "odd":
            odd = draw(st.sampled_from(ODD))
            found = changed(found, path, lambda _, odd=odd: odd)
        elif how == "moved":
            here = found
            for key in other:
                here = here[key]
            found = changed(found, path, lambda _, here=here: here)
        elif path:
            found = changed(found, path[:-1], lambda node, key=path[-1]: without(node, key))
    return found


def without(node, key):
    if isinstance(node, dict):
        return {k: v for k, v in node.items() if k != key}
    return [one for place, one in enumerate(node) if place != key]


FUZZED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("whole", [OTLP, CHROME, JAEGER], ids=["otlp", "chrome", "jaeger"])
def test_whole_documents_are_read(tmp_path, whole):
    assert settle(stored(tmp_path, whole)).imported.spans >= 7


@FUZZED
@given(st.data())
@pytest.mark.parametrize("whole", [OTLP, CHROME, JAEGER], ids=["otlp", "chrome", "jaeger"])
def test_any_value_may_be_odd(tmp_path, whole, data):
    settle(stored(tmp_path, json.dumps(data.draw(mutated(whole)))))


@FUZZED
@given(st.data())
@pytest.mark.parametrize("whole", [OTLP, CHROME, JAEGER], ids=["otlp", "chrome", "jaeger"])
def test_any_byte_may_be_odd(tmp_path, whole, data):
    content = bytearray(json.dumps(whole).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        junk = data.draw(
            st.sampled_from([b"", b'"', b"}", b"]", b"{", b"[", b",", b"\\", b"\0", b"\xff", b"\n", b"1"])
        )
        content[place : place + data.draw(st.integers(0, 3))] = junk
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    settle(stored(tmp_path, bytes(content)))


@FUZZED
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_answered(tmp_path, content, packed):
    settle(stored(tmp_path, gzip.compress(content)[: len(content) + 20] if packed else content))
