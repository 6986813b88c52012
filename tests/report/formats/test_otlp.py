"""Traces as OTLP/JSON: read by hand, by protobuf's own parser where it is there, and by a real server."""

import base64
import json
import math
from types import SimpleNamespace

import pytest

import perfkit
from perfkit.errors import UsageError
from perfkit.export import Sent
from perfkit.model import Cell, Frame, ScenarioResult, Span, StrategyInfo, Trace, WorldInfo, pack
from perfkit.model.storage import decode_run, encode_run, write_run
from perfkit.report.formats import otlp
from perfkit.report.formats.otlp import render, send
from tests.report.sample import MS, empty_run, failing_run, hostile_run, sample_run, trace_run
from tests.test_export import serving

pytestmark = pytest.mark.once


NOON_NS = 1_738_324_800_000_000_000  # 2025-01-31T12:00:00+00:00, which is sample_run's moment
SITE = Frame("app/views.py", 41, "page")
OUTER = Frame("app/main.py", 7, "main")


def value_of(found):
    """An AnyValue as Python's own."""
    ((kind, value),) = found.items() or [("none", None)]
    if kind == "arrayValue":
        return [value_of(item) for item in value["values"]]
    if kind == "kvlistValue":
        return attributes_of(value["values"])
    return int(value) if kind == "intValue" else value


def attributes_of(key_values):
    found = {entry["key"]: value_of(entry["value"]) for entry in key_values}
    assert len(found) == len(key_values)
    return found


def parts_of(document):
    """(resource's attributes, spans) of each recording."""
    for part in json.loads(document)["resourceSpans"]:
        (scope,) = part["scopeSpans"]
        yield attributes_of(part["resource"]["attributes"]), scope["spans"]


def program(*spans, **changes):
    """A recorded program of these spans; its clock starts at 1000 and lasts 9 s."""
    trace = Trace("wall", 1000, 1000 + 9_000 * MS, list(spans))
    run = empty_run(kind="trace", clock="wall", command=["perfkit", "run", "app/main.py"], **changes)
    run.machine.created = "2025-01-31T12:00:00+00:00"
    run.trace = pack(trace)
    return run


def small_run():
    return sample_run(groups=("aiohttp",), sizes=[20])


def only(run):
    """The spans of the only recording, without its root."""
    ((_, spans),) = parts_of(render(run))
    assert "parentSpanId" not in spans[0]
    return spans[1:]


def attributes(kind, **attrs):
    """The attributes of a span of that kind, without those that every span has."""
    (found,) = only(program(Span(1, None, kind, "x", 1000, 1001, attrs=attrs)))
    named = attributes_of(found["attributes"])
    assert named.pop("perfkit.kind") == kind
    return named


def test_a_whole_span():
    span = Span(7, None, "query", "SELECT users", 1000 + MS, 1000 + 3 * MS, SITE, (SITE, OUTER), 2, 1)
    span.attrs = {
        "sql": "SELECT * FROM users WHERE id = ?",
        "system": "postgresql",
        "host": "db.test:5432",
        "database": "shop",
        "connection": 3,
        "rows": 1,
        "params": "00" * 8,
        "transaction": True,
    }
    document = json.loads(render(program(span)))
    (part,) = document["resourceSpans"]
    (scope,) = part["scopeSpans"]
    root, found = scope["spans"]
    assert scope["scope"] == {"name": "perfkit", "version": ""}
    assert scope["schemaUrl"].startswith("https://opentelemetry.io/schemas/1.")
    assert set(found) == {
        *("traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"),
        "attributes",
    }
    assert (found["name"], found["kind"]) == ("SELECT users", 3)
    assert (found["traceId"], found["parentSpanId"]) == (root["traceId"], root["spanId"])
    began_ns = NOON_NS - 9_000 * MS
    assert found["startTimeUnixNano"] == str(began_ns + MS)
    assert found["endTimeUnixNano"] == str(began_ns + 3 * MS)
    assert attributes_of(found["attributes"]) == {
        "db.query.text": "SELECT * FROM users WHERE id = ?",
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "server.address": "db.test",
        "server.port": 5432,
        "perfkit.connection": 3,
        "perfkit.rows": 1,
        "perfkit.params": "0000000000000000",
        "perfkit.transaction": True,
        "code.file.path": "app/views.py",
        "code.line.number": 41,
        "code.function.name": "page",
        "perfkit.kind": "query",
        "perfkit.path": ["app/main.py:7 in main"],
        "perfkit.task": 2,
        "perfkit.thread": 1,
    }


def test_requests_follow_the_conventions():
    assert attributes(
        "request",
        method="GET",
        host="api.test",
        template="/users/{id}?page=",
        status=200,
        bytes_sent=0,
        bytes_received=31,
        retry=2,
        connection="reused",
        body="",
        params={"path": "ab", "?page": "cd"},
    ) == {
        "http.request.method": "GET",
        "server.address": "api.test",
        "url.template": "/users/{id}?page=",
        "http.response.status_code": 200,
        "http.request.body.size": 0,
        "http.response.body.size": 31,
        "http.request.resend_count": 2,
        "perfkit.connection": "reused",
        "perfkit.params": {"path": "ab", "?page": "cd"},
    }
    assert attributes("request", status=0, retry=0) == {}


@pytest.mark.parametrize(
    ("many", "expected"),
    [
        (5, {"db.operation.batch.size": 5}),
        (1, {"perfkit.many": 1}),
        (0, {"perfkit.many": 0}),
        (None, {}),
        (True, {"perfkit.many": True}),
    ],
)
def test_a_batch_has_two_or_more(many, expected):
    assert attributes("query", many=many) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("db", {"server.address": "db"}),
        ("[::1]:80", {"server.address": "::1", "server.port": 80}),
        ("[::1]", {"server.address": "::1"}),
        ("::1", {"server.address": "::1"}),
        ("/run/postgresql", {"server.address": "/run/postgresql"}),
        (":memory:", {"server.address": ":memory:"}),
        ("", {}),
    ],
)
@pytest.mark.parametrize("kind", ["query", "request", "connect", "transaction"])
def test_servers(kind, host, expected):
    assert attributes(kind, host=host) == expected


@pytest.mark.parametrize(
    ("system", "named"), [("mssql", "microsoft.sql_server"), ("oracle", "oracle.db"), ("sqlite", "sqlite")]
)
def test_systems_have_the_conventions_names(system, named):
    assert attributes("query", system=system) == {"db.system.name": named}


def test_the_applications_own_attributes_keep_their_names():
    assert attributes("span", host="a:1", rows=50, **{"messaging.system": "kafka"}) == {
        "host": "a:1",
        "rows": 50,
        "messaging.system": "kafka",
    }
    assert attributes("wait", lock="cache") == {"perfkit.lock": "cache"}


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("query", 3),
        ("request", 3),
        ("transaction", 3),
        ("connect", 1),
        ("span", 1),
        ("wait", 1),
        ("blocked", 1),
    ],
)
def test_what_asks_a_server_is_a_client(kind, number):
    (found,) = only(program(Span(1, None, kind, "x", 1000, 1001)))
    assert found["kind"] == number


@pytest.mark.parametrize(
    ("kind", "error", "attrs", "failure"),
    [
        ("span", "ValueError", {}, "ValueError"),
        ("request", None, {"status": 503}, "503"),
        ("request", "ClientError", {"status": 404}, "ClientError"),
        ("request", None, {"status": 399}, None),
        ("span", None, {"status": 503}, None),
        ("request", None, {"status": "odd"}, None),
    ],
)
def test_failures(kind, error, attrs, failure):
    (found,) = only(program(Span(1, None, kind, "x", 1000, 1001, attrs=attrs, error=error)))
    assert found.get("status") == (failure and {"code": 2, "message": failure})
    assert attributes_of(found["attributes"]).get("error.type") == failure


def test_parents_and_those_that_were_left_out():
    spans = [
        Span(1, None, "span", "a", 1000, 1009),
        Span(2, 1, "span", "b", 1001, 1008),
        Span(4, 3, "span", "its parent was dropped", 1002, 1003),
    ]
    run = program(*spans)
    ((_, (root, first, second, orphan)),) = parts_of(render(run))
    assert [s.get("parentSpanId") for s in (root, first, second, orphan)] == [
        None,
        root["spanId"],
        first["spanId"],
        root["spanId"],
    ]


def test_identifiers_are_made_of_the_content():
    def ids(run):
        return [(s["traceId"], s["spanId"]) for _, spans in parts_of(render(run)) for s in spans]

    found = ids(small_run())
    assert found == ids(decode_run(encode_run(small_run())))
    assert len(set(found)) == len(found)
    assert all(len(t) == 32 and len(s) == 16 for t, s in found)
    assert all(int(t, 16) and int(s, 16) for t, s in found)
    assert len({t for t, _ in found}) == len(list(parts_of(render(small_run()))))
    other = small_run()
    other.machine.created = "2025-01-31T12:00:01+00:00"
    assert not set(found) & set(ids(other))


@pytest.mark.parametrize("make", [small_run, failing_run, trace_run, empty_run])
def test_the_same_run_gives_the_same_bytes(make):
    assert render(make()) == render(decode_run(encode_run(make())))


def test_a_program_and_what_is_known_of_it():
    run = trace_run()
    run.machine = small_run().machine
    ((resource, (root, *_)),) = parts_of(render(run))
    assert resource == {
        "service.name": "app/report.py",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "perfkit",
        "telemetry.sdk.version": "0.1.0",
        "process.runtime.name": "cpython",
        "process.runtime.version": "3.12.7",
        "os.type": "linux",
        "host.arch": "amd64",
        "vcs.ref.head.revision": "0123456789abcdef0123456789abcdef01234567",
        "vcs.ref.head.name": "main",
        "perfkit.clock": "wall",
    }
    assert (root["name"], root["kind"]) == ("app/report.py", 1)
    assert (root["startTimeUnixNano"], root["endTimeUnixNano"]) == (str(NOON_NS - 9_000 * MS), str(NOON_NS))
    assert attributes_of(root["attributes"]) == {
        "perfkit.kind": "recording",
        "perfkit.probes": ["aiohttp"],
        "perfkit.warnings": ["sqlite3 was imported before the recording"],
    }


def test_what_was_dropped_and_what_it_cost_is_said():
    run = program(Span(1, None, "span", "x", 1000, 1001, cpu_ns=0))
    run.trace.dropped, run.trace.cpu_ns, run.trace.tracing_ns = 12, 34, 5
    ((_, (root, span)),) = parts_of(render(run))
    found = attributes_of(root["attributes"])
    assert found == {
        "perfkit.kind": "recording",
        "perfkit.dropped": 12,
        "perfkit.cpu_ns": 34,
        "perfkit.tracing_ns": 5,
    }
    assert attributes_of(span["attributes"]) == {"perfkit.kind": "span", "perfkit.cpu_ns": 0}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["perfkit", "run", "-m", "shop.main", "(and 3 arguments)"], "shop.main"),
        (["perfkit", "run", "make", "(and 1 arguments)"], "make"),
        ([], "perfkit"),
    ],
)
def test_the_program_names_the_service(command, name):
    run = program()
    run.command = command
    ((resource, _),) = parts_of(render(run))
    assert resource["service.name"] == name


def bench_run(clock, *starts):
    """One cell for each start of a clock; the second one failed."""
    run = empty_run(clock=clock)
    run.machine.created = "2025-01-31T12:00:00+00:00"
    scenario = ScenarioResult(
        *("leads", "Leads", "", "leads.py", "leads", [20]),
        worlds=[WorldInfo("own", "own")],
        strategies=[StrategyInfo("serial")],
    )
    for size, start in enumerate(starts):
        trace = Trace(clock, start, start + 50, [Span(1, None, "span", "x", start + 5, start + 9)])
        scenario.cells.append(
            Cell("own", "serial", size, "timeout" if size == 1 else "ok", trace=pack(trace))
        )
    scenario.cells.append(Cell("own", "serial", 99))
    run.scenarios = [scenario]
    return run


def test_cells_say_what_they_are():
    first, second = parts_of(render(bench_run("virtual", 0, 700)))
    resource, (root, span) = second
    assert {key: value for key, value in resource.items() if key.startswith("perfkit.")} == {
        "perfkit.clock": "virtual",
        "perfkit.seed": 1,
        "perfkit.scenario": "leads",
        "perfkit.strategy": "serial",
        "perfkit.world": "own",
        "perfkit.size": 1,
    }
    assert resource["service.name"] == "leads"
    assert (root["name"], root["status"]) == ("leads serial", {"code": 2, "message": "timeout"})
    assert "status" not in first[1][0]
    assert span["parentSpanId"] == root["spanId"]


@pytest.mark.parametrize(("clock", "later"), [("virtual", 0), ("wall", 700)])
def test_cells_begin_with_the_run_in_virtual_time_and_follow_each_other_on_the_wall_clock(clock, later):
    begins = [
        [int(s["startTimeUnixNano"]) - NOON_NS for s in spans]
        for _, spans in parts_of(render(bench_run(clock, 1000, 1700)))
    ]
    assert begins == [[0, 5], [later, later + 5]]


@pytest.mark.parametrize("created", ["", "yesterday", "2025-01-31T12:00:00"])
def test_a_run_without_a_moment(created):
    run = program(Span(1, None, "span", "x", 1000, 1001))
    run.machine.created = created
    (found,) = only(run)
    expected = 0 if created in ("", "yesterday") else NOON_NS - 9_000 * MS
    assert found["startTimeUnixNano"] == str(expected)


class Odd:
    def __repr__(self):
        raise RuntimeError("no text")

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    __hash__ = None


def test_odd_values():
    itself = []
    itself.append(itself)
    found = attributes(
        "span",
        big=2**63,
        small=-(2**63),
        ratio=0.5,
        nan=math.nan,
        inf=math.inf,
        low=-math.inf,
        nested={"a": [1, None, True], 5: b"x"},
        half="a\ud800b",
        odd=Odd(),
        nothing=None,
        blank="",
        zero=0,
        no=False,
        itself=itself,
    )
    assert found.pop("itself")
    assert found == {
        "big": "9223372036854775808",
        "small": -(2**63),
        "ratio": 0.5,
        "nan": "NaN",
        "inf": "Infinity",
        "low": "-Infinity",
        "nested": {"a": [1, None, True], "5": "b'x'"},
        "half": "a?b",
        "odd": "<Odd>",
        "zero": 0,
        "no": False,
    }


@pytest.mark.parametrize("make", [small_run, failing_run, trace_run, lambda: hostile_run('x"\ud800<&\n')])
def test_protobuf_reads_it(make):
    json_format = pytest.importorskip("google.protobuf.json_format", reason="protobuf is not installed")
    service = pytest.importorskip(
        "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
        reason="opentelemetry-proto is not installed",
    )
    document = json.loads(render(make()))
    count = 0
    for part in document["resourceSpans"]:
        for scope in part["scopeSpans"]:
            for span in scope["spans"]:
                count += 1
                # the one thing in which OTLP's JSON is not protobuf's: identifiers are hex there, base64 here
                for key in {"traceId", "spanId", "parentSpanId"} & set(span):
                    span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    request = json_format.ParseDict(
        document, service.ExportTraceServiceRequest()
    )  # an unknown field is an error
    spans = [s for part in request.resource_spans for scope in part.scope_spans for s in scope.spans]
    assert len(spans) == count
    assert {(len(s.trace_id), len(s.span_id)) for s in spans} == {(16, 8)}
    assert all(s.start_time_unix_nano <= s.end_time_unix_nano for s in spans)


def test_the_verb_writes_it_beside_the_run(tmp_path):
    from click.testing import CliRunner

    from perfkit.cli.report import command

    write_run(trace_run(), tmp_path / "run.json")
    runner = CliRunner()
    done = runner.invoke(command, [str(tmp_path / "run.json"), "-f", "otlp"], catch_exceptions=False)
    assert done.exit_code == 0
    assert (tmp_path / "run.otlp").read_bytes() == render(trace_run())
    done = runner.invoke(command, [str(tmp_path / "run.json"), "-f", "otlp", "-o", "-"])
    assert done.stdout_bytes == render(trace_run())


@pytest.fixture
def server(monkeypatch):
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    with serving() as seen:
        yield seen


def test_a_run_is_sent_as_it_is_written(server):
    run = bench_run("virtual", 0, 700)
    assert send(run, server.url, headers={"x-key": "k"}) == Sent(4, 0, "")
    sent = [part for _, _, body, _ in server for part in json.loads(body)["resourceSpans"]]
    assert sent == json.loads(render(run))["resourceSpans"]
    assert {path for path, *_ in server} == {"/v1/traces"}
    assert {headers["x-key"] for _, headers, *_ in server} == {"k"}


def test_a_large_trace_is_sent_in_parts(server, monkeypatch):
    monkeypatch.setattr(otlp, "SPANS_PER_REQUEST", 3)
    run = program(*(Span(n, None, "span", "x", 1000, 1001) for n in range(1, 8)))
    assert send(run, server.url) == Sent(8, 0, "")
    parts = [part for _, _, body, _ in server for part in parts_of(body)]
    ((resource, whole),) = parts_of(render(run))
    assert [len(spans) for _, spans in parts] == [3, 3, 2]
    assert [span for _, spans in parts for span in spans] == whole
    assert all(found == resource for found, _ in parts)


def test_a_recording_is_sent(server, monkeypatch):
    with perfkit.record(probes=()) as rec, perfkit.span("load", rows=50):
        pass
    moment = SimpleNamespace(time_ns=lambda: NOON_NS, perf_counter_ns=lambda: rec.trace.end_ns + 1_000)
    monkeypatch.setattr(otlp, "time", moment)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    assert send(rec.trace, server.url) == Sent(2, 0, "")
    assert send(rec.trace, server.url, service="till") == Sent(2, 0, "")
    (shop, (root, span)), (till, again) = (part for _, _, body, _ in server for part in parts_of(body))
    assert (shop["service.name"], shop["perfkit.clock"]) == ("shop", "wall")
    assert till["service.name"] == again[0]["name"] == "till"
    assert root["endTimeUnixNano"] == str(NOON_NS - 1_000)
    (recorded,) = rec.trace.spans
    assert span["startTimeUnixNano"] == str(NOON_NS - 1_000 - (rec.trace.end_ns - recorded.start_ns))
    assert attributes_of(span["attributes"])["rows"] == 50
    # sent twice it is the same trace
    assert [s["spanId"] for s in again] == [root["spanId"], span["spanId"]]


def test_a_virtual_trace_ends_when_it_is_sent(server, monkeypatch):
    monkeypatch.setattr(otlp, "time", SimpleNamespace(time_ns=lambda: NOON_NS))
    send(Trace("virtual", 0, 40, [Span(1, None, "span", "x", 10, 20)]), server.url)
    ((_, spans),) = parts_of(server[0][2])
    assert [int(s["endTimeUnixNano"]) - NOON_NS for s in spans] == [0, -20]


def test_odd_names_and_open_spans_are_sent(server):
    open_span = Span(1, None, "span", 5, 10)
    assert (
        send(Trace("virtual", 0, 40, [open_span, Span(2, None, "span", "", 11, 12)]), server.url).spans == 3
    )
    ((_, (_, found, nameless)),) = parts_of(server[0][2])
    assert (found["name"], nameless["name"]) == ("5", "span")
    assert found["startTimeUnixNano"] == found["endTimeUnixNano"]


def test_only_traces_and_runs_are_sent():
    with pytest.raises(UsageError, match=r"send takes a Trace or a Run, not record; a recording has \.trace"):
        send(perfkit.record())
