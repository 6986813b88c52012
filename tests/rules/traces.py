"""Traces made by hand, exact to the nanosecond."""

from perfkit.fingerprints import describe_body, describe_url
from perfkit.fingerprints.sql import describe_sql
from perfkit.fingerprints.values import digest, encode_params, hash_leaves, query_values
from perfkit.model import Frame, Span, Trace
from perfkit.probes.queries import values_of

MS = 1_000_000
LOOP = Frame("app/leads.py", 40, "report")
HELPER = Frame("app/client.py", 9, "call")


def request(start_ns, duration_ns, url="http://portal.test/rest/1/tok/crm.activity.list", body=None, **facts):
    described, shape = describe_url(url), describe_body(body)
    path = facts.pop("path", (LOOP,))
    method = facts.pop("method", "POST")
    params = {**shape.params, **{f"?{k}": v for k, v in hash_leaves(query_values(described.query)).items()}}
    raw_path = url.partition("//")[2].partition("/")[2].partition("?")[0]
    if described.template.partition("?")[0] != f"/{raw_path}":
        params["path"] = hash_leaves(raw_path)[""]
    attrs = {
        "method": method,
        "host": described.host,
        "template": described.template,
        "body": shape.template,
        "params": params,
        "status": facts.pop("status", 200),
        **facts,
    }
    if described.rpc or shape.rpc:
        attrs["rpc"] = shape.rpc or described.rpc
    if shape.batch:
        attrs["batch"] = shape.batch
    name = f"{method} {described.host}{described.template}"
    return Span(0, None, "request", name, start_ns, start_ns + duration_ns, path[0], path, 1, 1, attrs)


def connect(start_ns, duration_ns, host="portal.test"):
    return Span(0, None, "connect", f"connect {host}", start_ns, start_ns + duration_ns, attrs={"host": host})


def trace_of(spans, hosts=()):
    ordered = sorted(spans, key=lambda span: span.start_ns)
    for number, span in enumerate(ordered, 1):
        span.id = number
    for span in ordered:
        if isinstance(span.parent, Span):
            span.parent = span.parent.id
    end = max((span.end_ns for span in ordered), default=0)
    return Trace("virtual", 0, end, ordered, list(hosts))


def one_per_lead(count, duration_ns=205 * MS, gap_ns=0, **facts):
    """``count`` calls one after another, each for another lead."""
    return [
        request(n * (duration_ns + gap_ns), duration_ns, body={"filter": {"OWNER_ID": n}}, **facts)
        for n in range(count)
    ]


def span(kind, start_ns, duration_ns, name="", path=(), **attrs):
    """Any span; ``parent`` may be set to another span, whose number ``trace_of`` fills in."""
    site = path[0] if path else None
    return Span(0, None, kind, name, start_ns, start_ns + duration_ns, site, path, 0, 1, attrs)


def query(start_ns, duration_ns, sql="SELECT name FROM users WHERE id = ?", params=(1,), **facts):
    """A query as the probes record it, with ``params`` hashed."""
    statement, encoded = describe_sql(sql), encode_params(params)
    path = facts.pop("path", (LOOP,))
    attrs = {
        "sql": statement.template,
        "params": digest(encoded),
        "system": "postgresql",
        "host": "db.test:5432",
        "database": "shop",
        "connection": 1,
        "library": "psycopg",
        **values_of(statement, encoded),
        **facts,
    }
    return span("query", start_ns, duration_ns, statement.template, path, **attrs)


def queries(count, sql, *, step_ns=10 * MS, duration_ns=2 * MS, **facts):
    """``count`` queries of one statement, each with another parameter."""
    return [query(n * step_ns, duration_ns, sql, (n,), **facts) for n in range(count)]
