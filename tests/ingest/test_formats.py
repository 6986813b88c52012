"""Formats are told from content."""

import json

import pytest

from perfkit.ingest.formats import CHROME, JAEGER, OTLP, PERFKIT, detect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"resourceSpans": []}', OTLP),
        ('{"resource_spans": []}', OTLP),
        ('{"batches": []}', OTLP),
        ('{"trace": {"resourceSpans": []}}', OTLP),
        ('{"result": {"resourceSpans": []}}', OTLP),
        ('{"resourceMetrics": []}\n{"resourceSpans": []}', OTLP),
        ('[{"resourceSpans": []}]', OTLP),
        ('{"partialSuccess": {}, "resourceSpans": [', OTLP),
        ('{"data": [{"traceID": "a", "spans": []}]}', JAEGER),
        ('{"data": []}', JAEGER),
        ('[{"traceID": "a", "spans": [{"operationName": "x"}]}]', JAEGER),
        ('{"data": {"resourceSpans": []}}', OTLP),
        ('[{"name": "x", "ph": "X"}]', CHROME),
        ('[\n{"args": {"resource": 5}, "name": "x", "ph": "X"},', CHROME),
        ("[]", CHROME),
        ('{"displayTimeUnit": "ms", "traceEvents": [', CHROME),
        ('{"otherData": {"ph": 1}, "traceEvents": []}', CHROME),
        ('{"kind":"trace","clock":"wall","schema":2}', PERFKIT),
        ('{"kind":"analysis"}', PERFKIT),
        ('{"schema": 1}', PERFKIT),
        *((odd, None) for odd in ("{}", "[1]", "[[]]", '{"kind": "Pod"}', '{"name": "x"}', "[" * 5000, "{")),
        ('{"name": "' + "x" * 5000, None),
        ('{"junk": [' + "[]," * 5000 + '"resourceSpans": [', OTLP),
    ],
)
def test_formats(text, expected):
    assert detect(text) == expected


def test_a_cut_document():
    whole = json.dumps({"junk": "x" * 100, "resourceSpans": [{"scopeSpans": []}]})
    assert {detect(whole[:end]) for end in range(130, len(whole))} == {OTLP}
