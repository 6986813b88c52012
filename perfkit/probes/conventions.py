"""OpenTelemetry's semantic conventions, old and new, read: what a span's attributes say in perfkit's words.

Values stay out. Statements and URLs become templates; of other attributes numbers, booleans and the texts in
NAMES are kept, "?" stands for the rest. Source: opentelemetry.io/docs/specs/semconv, and its older versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

from perfkit.fingerprints import describe_url
from perfkit.fingerprints.names import is_key, is_method
from perfkit.fingerprints.sql import Statement, describe_sql
from perfkit.fingerprints.values import hash_params
from perfkit.model.plain import represent
from perfkit.probes.http import describe as describe_request

SQL_SYSTEMS = frozenset(
    (
        *("sqlite", "postgresql", "mysql", "mariadb", "mssql", "microsoft.sql_server", "oracle", "oracle.db"),
        *("db2", "ibm.db2", "cockroachdb", "clickhouse", "snowflake", "bigquery", "spanner", "gcp.spanner"),
        *("redshift", "aws.redshift", "trino", "presto", "hive", "spark", "databricks", "duckdb", "h2"),
        *("h2database", "hsqldb", "derby", "firebird", "firebirdsql", "informix", "ibm.informix", "teradata"),
        *("vertica", "hanadb", "sap.hana", "sybase", "cassandra", "other_sql"),
    )
)
"""Whose statements can be masked as SQL. Of others only the operation's name is kept."""

NAMES = frozenset(
    (
        *("code.file.path", "code.filepath", "code.function", "code.function.name", "code.namespace"),
        *("db.collection.name", "db.operation", "db.operation.name", "db.sql.table", "db.system"),
        *("db.system.name", "error.type", "faas.trigger", "gen_ai.operation.name", "gen_ai.provider.name"),
        *("gen_ai.request.model", "gen_ai.response.model", "gen_ai.system", "graphql.operation.name"),
        *("graphql.operation.type", "http.flavor", "http.method", "http.request.method", "http.route"),
        *("http.scheme", "messaging.destination", "messaging.destination.name", "messaging.operation"),
        *("messaging.operation.name", "messaging.operation.type", "messaging.system", "net.peer.name"),
        *("net.transport", "network.protocol.name", "network.protocol.version", "network.transport"),
        *("network.type", "peer.service", "rpc.method", "rpc.service", "rpc.system", "rpc.system.name"),
        *("server.address", "url.scheme"),
    )
)
"""Attributes whose texts name things of the program, and are no values of its data."""

SYSTEM = ("db.system.name", "db.system")
"""Shows that a span is about a database."""

MASKED = "?"

_PARAMETERS = ("db.query.parameter.", "db.operation.parameter.")
_PATH = re.compile(r"\S*/\S*")
_PLACEHOLDER = re.compile(r"\?|%\(?\w|\$\d|[:@]\w")

Facts = Mapping[str, Any]


class Described(NamedTuple):
    """An operation in perfkit's words: kind, name and attributes of a Span."""

    kind: str
    name: str
    attrs: dict[str, Any]


def describe(name: str, span_kind: str, facts: Facts, *, keep_values: bool = False) -> Described:
    """What ``facts``, a span's attributes, say. ``span_kind`` is "CLIENT", "SERVER", "INTERNAL" ...

    The attributes are those of perfkit's own probes, as far as they are known; ``params`` of a query is
    missing where its parameters are not.

    >>> describe("SELECT", "CLIENT", {"db.system": "sqlite", "db.statement": "SELECT 5"})[:2]
    ('query', 'SELECT ?')
    """
    found = None
    if span_kind in ("CLIENT", "INTERNAL"):
        found = _query(facts, keep_values)
    if found is None and span_kind == "CLIENT":
        found = _request(facts)
    return found or as_span(name, facts, keep_values=keep_values)


def as_span(name: str, facts: Facts, *, keep_values: bool = False) -> Described:
    """The same for what is no operation of its own, or is not to be counted as one."""
    return Described("span", shown_name(name, facts), _harmless(facts, keep_values))


def shown_name(name: str, facts: Facts) -> str:
    """The name with the values in its paths masked; a route's parameters have names already.

    >>> shown_name("GET /users/17", {}), shown_name("GET /users/<pk>", {"http.route": "/users/<pk>"})
    ('GET /users/{id}', 'GET /users/<pk>')
    """
    if "/" not in name:
        return name
    route = facts.get("http.route")
    if route and route in (name, name.partition(" ")[2]):
        return name
    return _PATH.sub(lambda path: "".join(describe_url(path[0])[:2]) or MASKED, name)


def _query(facts: Facts, keep_values: bool) -> Described | None:
    """None for what is no operation on a database, such as taking a connection from a pool."""
    system = _text(facts, *SYSTEM)
    sql = _text(facts, "db.query.text", "db.statement")
    if not system:
        return None
    statement = describe_sql(sql) if sql and system in SQL_SYSTEMS else Statement(_operation(facts, sql))
    if not statement.template:
        return None
    database = _text(facts, "db.namespace", "db.name")
    attrs = {
        "sql": statement.template,
        "system": system,
        "host": _host(facts),
        "database": PurePath(database).name if system == "sqlite" else database,
        **_parameters(facts, sql, statement.template, keep_values),
        **_numbers(facts, rows=("db.response.returned_rows",), many=("db.operation.batch.size",)),
    }
    if statement.kind == "catalogue":
        attrs["catalogue"] = True
    kind = "transaction" if statement.kind == "transaction" else "query"
    return Described(kind, statement.template, attrs)


def _operation(facts: Facts, sql: str) -> str:
    """What is done to what, for systems whose statements are no SQL."""
    done = _text(facts, "db.operation.name", "db.operation") or sql.partition(" ")[0]
    to = _text(facts, "db.collection.name", "db.sql.table", "db.mongodb.collection")
    return " ".join(word for word in (done, to) if is_method(word))


def _parameters(facts: Facts, sql: str, template: str, keep_values: bool) -> dict[str, Any]:
    given: Any = {key: value for key, value in facts.items() if key.startswith(_PARAMETERS)}
    given = given or facts.get("db.statement.parameters")
    if given:
        kept = {"values": represent(given)} if keep_values else {}
        return {"params": hash_params(given), **kept}
    if MASKED not in template:
        return {"params": ""}
    # literals are parameters too; what was put in the place of placeholders is not known
    return {} if _PLACEHOLDER.search(sql) else {"params": hash_params(sql)}


def _request(facts: Facts) -> Described | None:
    method = _text(facts, "http.request.method", "http.method")
    if not method:
        return None
    attrs = {
        **describe_request(method.upper(), _url(facts), None),
        "status": 0,
        "retry": 0,
        **_numbers(
            facts,
            status=("http.response.status_code", "http.status_code"),
            retry=("http.request.resend_count",),
            bytes_sent=("http.request.body.size", "http.request_content_length"),
            bytes_received=("http.response.body.size", "http.response_content_length"),
        ),
    }
    return Described("request", f"{attrs['method']} {attrs['host']}{attrs['template']}", attrs)


def _url(facts: Facts) -> str:
    whole = _text(facts, "url.full", "http.url")
    if whole:
        return whole
    path, query = _text(facts, "url.path"), _text(facts, "url.query")
    target = _text(facts, "http.target") or (f"{path}?{query}" if query else path)
    host = _host(facts) or _text(facts, "http.host")
    scheme = _text(facts, "url.scheme", "http.scheme") or "http"
    return f"{scheme}://{host}/{target.removeprefix('/')}"


def _host(facts: Facts) -> str:
    address = _text(facts, "server.address", "net.peer.name", "net.peer.ip")
    ports = _numbers(facts, port=("server.port", "net.peer.port"))
    if not address or not ports:
        return address
    return f"[{address}]:{ports['port']}" if ":" in address else f"{address}:{ports['port']}"


def _text(facts: Facts, *keys: str) -> str:
    """The first of these that is a text; empty if none is."""
    for key in keys:
        found = facts.get(key)
        if found and isinstance(found, str):
            return found
    return ""


def _numbers(facts: Facts, **wanted: tuple[str, ...]) -> dict[str, int]:
    """Each name with the first of its keys that holds a number; without those that none has."""
    found = {}
    for name, keys in wanted.items():
        for key in keys:
            number = facts.get(key)
            if type(number) is int and number >= 0:
                found[name] = number
                break
    return found


def _harmless(facts: Facts, keep_values: bool) -> dict[str, Any]:
    return {
        key: value if keep_values or key in NAMES or isinstance(value, (bool, int, float)) else MASKED
        for key, value in facts.items()
        if is_key(key)
    }
