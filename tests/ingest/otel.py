"""Spans of OpenTelemetry's real SDK as OTLP's messages, for protobuf's own JSON encoder."""

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider


class Kept(SpanProcessor):
    """Keeps what has ended, in order of the ends, as exporters get it."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def provider(service="shop"):
    """A TracerProvider of its own, and what its spans end up in."""
    kept = Kept()
    made = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    made.add_span_processor(kept)
    return made, kept


def as_json(spans, **options):
    """An ExportTraceServiceRequest as protobuf's JSON: base64 ids, names of enumerations, int64 as text."""
    return MessageToJson(as_message(spans), **options)


def as_message(spans):
    message = ExportTraceServiceRequest()
    for span in spans:
        part = message.resource_spans.add()
        _fill(part.resource.attributes, span.resource.attributes)
        scope = part.scope_spans.add()
        scope.scope.name = span.instrumentation_scope.name
        _fill_span(scope.spans.add(), span)
    return message


def _fill_span(out, span):
    out.trace_id = span.context.trace_id.to_bytes(16)
    out.span_id = span.context.span_id.to_bytes(8)
    if span.parent is not None:
        out.parent_span_id = span.parent.span_id.to_bytes(8)
    out.name = span.name
    out.kind = span.kind.value + 1
    out.start_time_unix_nano, out.end_time_unix_nano = span.start_time, span.end_time
    out.status.code = span.status.status_code.value
    _fill(out.attributes, span.attributes)
    for event in span.events:
        added = out.events.add(name=event.name, time_unix_nano=event.timestamp)
        _fill(added.attributes, event.attributes)


def _fill(out, attributes):
    for key, value in (attributes or {}).items():
        _fill_value(out.add(key=key).value, value)


def _fill_value(out, value):
    if isinstance(value, bool):
        out.bool_value = value
    elif isinstance(value, int):
        out.int_value = value
    elif isinstance(value, float):
        out.double_value = value
    elif isinstance(value, str):
        out.string_value = value
    else:
        for item in value:
            _fill_value(out.array_value.values.add(), item)
