"""What perfkit exported comes back whole, and what only says so is checked."""

import sqlite3

import pytest
import requests

import perfkit
from perfkit.ingest import analyze
from perfkit.ingest.own import checked, read_back
from perfkit.model import Frame, HostFacts, Span, Trace, pack
from perfkit.report.formats.otlp import render
from tests.ingest.make import only, stored
from tests.model.sample import small_run
from tests.probes.server import serve

SITE, OUTER = Frame("app/views.py", 41, "Page.load"), Frame("app/main.py", 7, "main")


def exported(folder, trace):
    run = small_run()
    run.kind, run.scenarios, run.command = "trace", [], ["perfkit", "run", "app/main.py"]
    run.clock, run.trace = trace.clock, pack(trace)
    return stored(folder, render(run), "exported.json")


def come_back(folder, *spans, **facts):
    """A trace of these spans after it was exported and read."""
    trace = Trace("virtual", 0, 10_000, list(spans), **facts)
    with open(exported(folder, trace), "rb") as file:
        return only(folder, file.read())


QUERY = {
    "sql": "SELECT a FROM b WHERE c IN (?, ...)",
    "params": "00" * 8,
    "system": "mssql",
    "host": "db.test:5432",
    "database": "shop",
    "connection": 3,
    "library": "sqlalchemy",
    "rows": 0,
    "many": 1,
    "transaction": False,
    "listed": 5,
    "each": ["00000000", "11111111"],
    "relation": "Order.items",
    "eager": True,
    "flush": 2,
    "catalogue": True,
}
REQUEST = {
    "method": "POST",
    "host": "[::1]:8000",
    "template": "/users/{id}",
    "body": "{id:?}",
    "params": {"?page": "00" * 8, "path": "11" * 8},
    "rpc": "crm.lead.list",
    "batch": 50,
    "connection": "reused",
    "status": 404,
    "server_ns": 5,
    "bytes_sent": 0,
    "bytes_received": 7,
    "retry": 1,
    "redirect": 1,
    "library": "aiohttp",
}
SQL = "SELECT a FROM b WHERE c IN (?, ...)"
NOWHERE = {"host": "", "database": ""}


@pytest.mark.parametrize(
    ("kind", "name", "attrs"),
    [
        ("query", SQL, QUERY),
        ("query", SQL, {**QUERY, "many": 7, "each": {"a": "00000000"}}),
        ("query", "SELECT a FROM b", NOWHERE | {"sql": "SELECT a FROM b", "params": "", "system": "sqlite"}),
        ("query", "GET user:{id}", NOWHERE | {"sql": "GET user:{id}", "params": "00", "system": "redis"}),
        ("transaction", "COMMIT", NOWHERE | {"sql": "COMMIT", "params": "", "system": "oracle"}),
        ("request", "POST [::1]:8000/users/{id}", REQUEST),
        (
            "request",
            "GET a/",
            {"method": "GET", "host": "a", "template": "/"}
            | {"body": "", "params": {}, "status": 0, "retry": 0},
        ),
        ("connect", "connect a:80", {"host": "a:80", "library": "httpx"}),
        ("wait", "asyncio.sleep", {"library": "asyncio", "on": "connection pool", "size": 5}),
        ("blocked", "time.sleep", {"threshold_ns": 5, "call": "time.sleep", "waiting": 2}),
        ("allow", "allow", {"rule": "PK101", "reason": "three tenants"}),
        ("span", "parse", {"rows": 50, "ratio": 0.5, "cached": True}),
    ],
)
@pytest.mark.parametrize("error", [None, "TimeoutError", "unfinished"])
def test_every_kind_of_span_comes_back(tmp_path, kind, name, attrs, error):
    span = Span(1, None, kind, name, 0, 9, SITE, (SITE, OUTER), 2, 1, attrs, error, 5)
    found = come_back(tmp_path, span).spans[0]
    found.attrs = {key: value for key, value in found.attrs.items() if key != "service"}
    assert found == span


def test_facts_of_the_recording_come_back(tmp_path):
    trace = come_back(
        tmp_path,
        Span(1, None, "span", "a", 0, 5),
        Span(2, 1, "span", "b", 1, 2),
        probes=["sqlite3"],
        warnings=["saw nothing"],
        dropped=7,
        cpu_ns=5,
        tracing_ns=3,
    )
    assert (trace.clock, trace.probes, trace.warnings) == ("virtual", ["sqlite3"], ["saw nothing"])
    assert (trace.dropped, trace.cpu_ns, trace.tracing_ns) == (7, 5, 3)
    assert [(one.id, one.parent) for one in trace.spans] == [(1, None), (2, 1)]


def test_statements_are_masked_once_more():
    facts = {"perfkit.kind": "query", "db.query.text": "SELECT 's3cr3t'", "db.system.name": "sqlite"}
    found = read_back("SELECT 's3cr3t'", facts)
    assert (found.kind, found.name, found.attrs["sql"]) == ("query", "SELECT ?", "SELECT ?")


@pytest.mark.parametrize(
    ("kind", "attrs", "kept"),
    [
        (
            "query",
            {"sql": 5, "rows": "5", "params": {}, "each": [5], "connection": "new", "transaction": 1},
            {},
        ),
        ("request", {"params": "00", "status": True, "retry": -1, "server_ns": 0.5, "connection": 5}, {}),
        ("request", {"params": {"a": 5}}, {}),
        ("query", {"rows": 2**80, 5: 5, "unheard of": ["x"], "none": None}, {"unheard of": ["x"]}),
        ("span", {"rows": "many"}, {"rows": "many"}),
    ],
)
def test_types_are_checked(kind, attrs, kept):
    assert checked(kind, attrs) == kept


@pytest.mark.parametrize(
    "path", [5, [5], ["no frame", "a.py:x in f", f"a.py:{'9' * 20} in f"], ["a.py:1 in f"] * 100]
)
def test_odd_paths(tmp_path, path):
    from tests.ingest.make import document, query

    one = query(1, facts={"perfkit.kind": "query", "code.file.path": "b.py", "code.line.number": 2})
    one["attributes"].append(
        {"key": "perfkit.path", "value": {"arrayValue": {"values": path}} if path != 5 else path}
    )
    (found,) = only(tmp_path, document(one)).spans
    assert found.path[0] == Frame("b.py", 2, "?")
    assert len(found.path) <= 33


def one_query(connection, number):
    return connection.execute("SELECT a FROM t WHERE id = ?", (number,)).fetchall()


def write(connection):
    for number in range(5):
        connection.execute("INSERT INTO t (a) VALUES (?)", (number,))


def read(connection):
    for number in range(6):
        one_query(connection, number)


def ask(host):
    for number in range(5):
        requests.get(f"http://{host}/echo/{number}?id={number}", timeout=5)


def test_a_recording_gives_the_same_findings_after_a_round_trip(tmp_path):
    with serve() as server, perfkit.record() as rec:
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        write(connection)
        read(connection)
        with perfkit.allow("PK101", reason="three tenants"):
            read(connection)
        ask(server.host)
    connection.close()
    live = rec.findings()
    assert {finding.rule for finding in live} >= {"PK101", "PK102", "PK105"}
    trace = rec.trace
    trace.hosts = [HostFacts(server.host)]
    found = analyze([exported(tmp_path, trace)])
    assert found.imported.left_out == []
    assert [what(finding) for finding in found.findings] == [what(finding) for finding in live]


def what(finding):
    """All of a finding but its numbers of spans, and where it is said to be from."""
    evidence = [fact for fact in finding.evidence if not fact.startswith("in trace")]
    saving = (finding.saving_ns, finding.basis)
    return (
        finding.identity,
        finding.count,
        finding.spent_ns,
        *saving,
        finding.site,
        finding.path,
        evidence,
        finding.fix,
    )
