"""Spans as the lines of the collector's file exporter, and the other shapes in which OTLP JSON is met."""

import json

KIND_NAMES = {
    1: "SPAN_KIND_INTERNAL",
    2: "SPAN_KIND_SERVER",
    3: "SPAN_KIND_CLIENT",
    4: "SPAN_KIND_PRODUCER",
    5: "SPAN_KIND_CONSUMER",
}

BATCH = 48
"""Spans that a service sends at once, as they end; small enough that most traces span several lines."""

SHAPES = ("lines", "document", "library", "names")
"""One line per batch; one indented document; as before version 0.16 of the protocol; names of enums."""


def encode(spans, shape="lines"):
    """The text of the file."""
    batches = _batches(spans)
    if shape == "document":
        whole = [part for batch in batches for part in _resource_spans(batch, shape)]
        return json.dumps({"resourceSpans": whole}, indent=2, ensure_ascii=False) + "\n"
    lines = [json.dumps({"resourceSpans": _resource_spans(batch, shape)}) for batch in batches]
    return "\n".join(lines) + "\n"


def _batches(spans):
    """Each service sends what has ended, a batch at a time; the collector writes them as they come."""
    queues = {}
    for span in sorted(spans, key=lambda span: span.end_ns):
        queues.setdefault(span.service, []).append(span)
    batches = [queue[n : n + BATCH] for queue in queues.values() for n in range(0, len(queue), BATCH)]
    return sorted(batches, key=lambda batch: batch[-1].end_ns)


def _resource_spans(batch, shape):
    service = batch[0].service
    scopes = {}
    for span in batch:
        scopes.setdefault(span.op.scope, []).append(_span(span, shape))
    old = shape == "library"
    per_scope = [
        {"instrumentationLibrary" if old else "scope": scope._asdict(), "spans": found}
        for scope, found in scopes.items()
    ]
    resource = {
        "service.name": service.name,
        "service.instance.id": service.instance,
        "telemetry.sdk.language": service.language,
        "telemetry.sdk.name": "opentelemetry",
    }
    key = "instrumentationLibrarySpans" if old else "scopeSpans"
    return [{"resource": {"attributes": _attributes(resource)}, key: per_scope}]


def _span(span, shape):
    names = shape == "names"
    written = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id,
        "flags": 256,
        "name": span.op.name,
        "kind": KIND_NAMES[span.op.kind] if names else span.op.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.op.attributes),
        "status": _status(span.error, names),
    }
    if span.events:
        written["events"] = [
            {"timeUnixNano": str(at_ns), "name": name, "attributes": _attributes(attributes)}
            for at_ns, name, attributes in span.events
        ]
    return written


def _status(error, names):
    return {"code": "STATUS_CODE_ERROR" if names else 2, "message": error} if error else {}


def _attributes(attributes):
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    return {"stringValue": value}
