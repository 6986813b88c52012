"""Traces as OpenTelemetry's OTLP/JSON, for a file or a collector.

Each recording is one trace with a root span of its own, so that no backend shows it in pieces. What the
semantic conventions have a name for carries that name, the rest is ``perfkit.*``. Identifiers are hashes of
what was recorded: the same run gives the same bytes, and sending it twice is sending the same trace.

Sources: opentelemetry.io/docs/specs/otlp (the JSON encoding) and opentelemetry.io/docs/specs/semconv.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from perfkit.errors import UsageError
from perfkit.export import Part, Sent, collector
from perfkit.model import Cell, Run, ScenarioResult, Span, Trace, pack, unpack
from perfkit.model.plain import encode, plain, text
from perfkit.report.formats.conventions import attributes_of, failure_of

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
"""The semantic conventions whose names are used."""

SPANS_PER_REQUEST = 2_000
"""About 2 MB of JSON; collectors refuse bodies above 20 MiB unless told otherwise."""

_INTERNAL, _CLIENT = 1, 3
_ERROR = 2
_CLIENT_KINDS = frozenset({"query", "request", "transaction"})
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "i386": "x86"}


def render(run: Run) -> bytes:
    """All recordings of ``run`` as one ExportTraceServiceRequest, ending in a newline."""
    return _document([recording.resource_spans(recording.spans()) for recording in _of_run(run)]) + b"\n"


def send(
    what: Trace | Run,
    endpoint: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10.0,
    service: str | None = None,
) -> Sent:
    """Post a trace, or every trace of a run, to a collector: OTLP over HTTP, as JSON.

    ``endpoint`` is a collector's address; ``/v1/traces`` is added unless it ends so. Without one it is
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it stands, or OTEL_EXPORTER_OTLP_ENDPOINT, or localhost:4318.
    ``headers`` are added to those of OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_TRACES_HEADERS.
    ``service`` names the program of a trace (else OTEL_SERVICE_NAME does), which is taken to have been
    recorded by this process. Nothing is tried twice, and proxies are not used.

    Spans the collector would not take are counted in the result. Raises UsageError for an address or header
    that cannot be used, and PerfkitError when the collector cannot be reached or refuses the trace.
    """
    target = collector(endpoint, headers or {}, timeout_s)
    if isinstance(what, Run):
        return target.post(_parts(_of_run(what)))
    if not isinstance(what, Trace):
        raise UsageError(f"send takes a Trace or a Run, not {type(what).__name__}; a recording has .trace")
    return target.post(_parts([_of_trace(what, service or os.environ.get("OTEL_SERVICE_NAME") or "perfkit")]))


class _Recording(NamedTuple):
    """One recording on its way out. ``unix_ns`` is the time at which its clock showed ``clock_ns``."""

    name: str
    trace: Trace
    resource: dict[str, Any]
    version: str
    seed: bytes
    unix_ns: int
    clock_ns: int
    failure: str = ""

    def resource_spans(self, spans: list[msgspec.Raw]) -> dict[str, Any]:
        """``spans`` with what they share."""
        scope = {"name": "perfkit", "version": text(self.version)}
        return {
            "resource": {"attributes": _key_values(self.resource)},
            "scopeSpans": [{"scope": scope, "spans": spans, "schemaUrl": SCHEMA_URL}],
        }

    def spans(self) -> list[msgspec.Raw]:
        """The root span and all others, encoded."""
        trace, trace_id, root = self.trace, self._id("trace", 16), self._id("root", 8)
        ids = {span.id: self._id(span.id, 8) for span in trace.spans}
        encoded = [self._encode(self._whole(), trace_id, root, None)]
        for span in trace.spans:
            above = root if span.parent is None else ids.get(span.parent, root)
            encoded.append(self._encode(span, trace_id, ids[span.id], above))
        return encoded

    def _whole(self) -> Span:
        """The recording as a span of its own."""
        trace = self.trace
        facts = {
            "probes": trace.probes,
            "warnings": trace.warnings,
            "dropped": trace.dropped or None,
            "tracing_ns": trace.tracing_ns or None,
        }
        whole = Span(0, None, "recording", self.name, trace.start_ns, trace.end_ns, attrs=facts)
        whole.error, whole.cpu_ns = self.failure or None, trace.cpu_ns
        return whole

    def _id(self, what: object, size: int) -> str:
        return blake2b(f"{what}".encode(), key=self.seed, digest_size=size).hexdigest()

    def _encode(self, span: Span, trace_id: str, span_id: str, above: str | None) -> msgspec.Raw:
        start_ns = max(0, self.unix_ns + span.start_ns - self.clock_ns)
        entry = {
            "traceId": trace_id,
            "spanId": span_id,
            "name": text(span.name) or span.kind,
            "kind": _CLIENT if span.kind in _CLIENT_KINDS else _INTERNAL,
            "startTimeUnixNano": str(start_ns),
            "endTimeUnixNano": str(start_ns + span.duration_ns),
            "attributes": _key_values(attributes_of(span)),
        }
        if above is not None:
            entry["parentSpanId"] = above
        failure = failure_of(span)
        if failure:
            entry["status"] = {"code": _ERROR, "message": text(failure)}
        return msgspec.Raw(msgspec.json.encode(entry))


def _of_run(run: Run) -> Iterator[_Recording]:
    common, created_ns = _machine(run), _unix_ns(run.machine.created)
    seed = blake2b(encode(run)).digest()
    if run.trace is not None:
        trace, name = unpack(run.trace), _program(run.command)
        about = {"service.name": name, **common}
        # a program's run is stamped when the program has ended
        began_ns = created_ns - trace.duration_ns
        yield _Recording(name, trace, about, run.perfkit, seed, began_ns, trace.start_ns)
    cells = [(s, c, c.trace) for s in run.scenarios for c in s.cells if c.trace is not None]
    first_ns = min((packed.start_ns for _, _, packed in cells), default=0)
    for number, (scenario, cell, packed) in enumerate(cells):
        name = f"{scenario.name} {cell.strategy}"
        about = {"service.name": scenario.name, **common, **_cell(scenario, cell)}
        # on the wall clock cells follow each other; every virtual clock begins with the run
        clock_ns = first_ns if run.clock == "wall" else packed.start_ns
        failure = "" if cell.status == "ok" else cell.status
        own_seed = blake2b(b"%d" % number, key=seed).digest()
        yield _Recording(name, unpack(packed), about, run.perfkit, own_seed, created_ns, clock_ns, failure)


def _of_trace(trace: Trace, service: str) -> _Recording:
    from perfkit import __version__

    packed = pack(trace)
    seed = blake2b(encode(packed)).digest()
    about = {"service.name": service, **_sdk(__version__), "perfkit.clock": trace.clock}
    # a virtual clock shows no moment: such a trace ends now
    clock_ns = time.perf_counter_ns() if trace.clock == "wall" else trace.end_ns
    return _Recording(service, unpack(packed), about, __version__, seed, time.time_ns(), clock_ns)


def _parts(recordings: Iterator[_Recording] | list[_Recording]) -> Iterator[Part]:
    for recording in recordings:
        spans = recording.spans()
        for first in range(0, len(spans), SPANS_PER_REQUEST):
            some = spans[first : first + SPANS_PER_REQUEST]
            yield Part(_document([recording.resource_spans(some)]), len(some))


def _document(parts: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({"resourceSpans": parts})


def _sdk(version: str) -> dict[str, Any]:
    return {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "perfkit",
        "telemetry.sdk.version": version,
    }


def _machine(run: Run) -> dict[str, Any]:
    environment, git = run.machine.environment, run.machine.git
    return {
        **_sdk(run.perfkit),
        "process.runtime.name": environment.implementation.lower(),
        "process.runtime.version": environment.python,
        "os.type": environment.system.lower(),
        "host.arch": _ARCHITECTURES.get(environment.machine, environment.machine),
        "vcs.ref.head.revision": git.revision if git else None,
        "vcs.ref.head.name": git.branch if git else None,
        "perfkit.clock": run.clock,
        "perfkit.seed": run.seed if run.kind == "bench" else None,
    }


def _cell(scenario: ScenarioResult, cell: Cell) -> dict[str, Any]:
    return {
        "perfkit.scenario": scenario.name,
        "perfkit.strategy": cell.strategy,
        "perfkit.world": cell.world,
        "perfkit.size": cell.size,
    }


def _program(command: list[str]) -> str:
    """The script or module that was recorded, without what it was given."""
    words = [word for word in command[2:] if word != "-m"]
    return words[0] if words else "perfkit"


def _unix_ns(created: str) -> int:
    """A moment in ISO 8601 as nanoseconds since 1970; 0 for what is none."""
    try:
        moment = dt.datetime.fromisoformat(created)
    except ValueError:
        return 0
    since = moment.replace(tzinfo=moment.tzinfo or dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return since // dt.timedelta(microseconds=1) * 1000


def _key_values(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP has them; what is unknown (None, an empty text) is left out."""
    found = plain(dict(attributes)).items()
    return [{"key": k, "value": _value(v)} for k, v in found if k and v not in (None, "", [], {})]


def _value(value: Any) -> dict[str, Any]:
    """An AnyValue: 64-bit integers are strings in protobuf's JSON, and so are the floats JSON lacks."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if math.isfinite(value) else _name_of(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": k, "value": _value(v)} for k, v in value.items()]}}
    return {}


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
