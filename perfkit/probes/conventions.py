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
from perfkit.fingerprints.values import encode_params, hash_params
from perfkit.model import Frame
from perfkit.model.plain import represent
from perfkit.probes.http import describe as describe_request
from perfkit.probes.http import ids_in
from perfkit.probes.queries import values_of

SQL_SYSTEMS = frozenset(
    (
        *("sqlite", "postgresql", "mysql", "mariadb", "mssql", "microsoft.sql_server", "oracle", "oracle.db"),
        *("db2", "ibm.db2", "cockroachdb", "clickhouse", "snowflake", "bigquery", "spanner", "gcp.spanner"),
        *("redshift", "aws.redshift", "trino", "presto", "hive", "spark", "databricks", "duckdb", "h2"),
        *("h2database", "hsqldb", "derby", "firebird", "firebirdsql", "informix", "ibm.informix", "teradata"),
        *("vertica", "hanadb", "sap.hana", "sybase", "cassandra", "other_sql"),
    )
)
"""Whose statements can be masked as SQL."""

OTHER_SYSTEMS = frozenset(
    (
        *("redis", "valkey", "memcached", "mongodb", "couchdb", "couchbase", "cosmosdb", "azure.cosmosdb"),
        *("dynamodb", "aws.dynamodb", "elasticsearch", "opensearch", "neo4j", "hbase", "geode", "etcd"),
    )
)
"""Whose statements are no SQL: only the operation's name is kept. Of systems in neither, the text decides."""

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

SYSTEM = ("db.system.name", "db.system", "db.type")
"""Shows that a span is about a database; the last is OpenTracing's."""

ENTRY_KINDS = frozenset({"SERVER", "CONSUMER"})
"""In these a service answers a request or handles a message."""

MASKED = "?"

_STATEMENT = ("db.query.text", "db.statement")
_PARAMETERS = ("db.query.parameter.", "db.operation.parameter.")
_SQL_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"})
_ALIASES = {"postgres": "postgresql", "sql": "other_sql", "sqlserver": "mssql"}
_CONNECTING = re.compile(
    r"(?:.*[.:_-])?(?:connect|connection|get_?connection|checkout|acquire|open|close|release|ping)", re.I
)
"""Operations that are no query, but get hold of a connection or let go of it."""

_PREPARING = re.compile(r"(?:^|[.:])prepare$", re.I)
"""Ends the name of a span in which nothing is executed yet: PDO::prepare, sql.conn.prepare."""

_ONE_MARK = re.compile(r"\bin\s*\(\s*\?\s*\)", re.I)
"""A list of one, or what the Java agent makes of a list of any length."""

_ADDRESS = ("server.address", "net.peer.name", "net.peer.ip", "peer.hostname", "peer.service")
_GRPC_STATUS = {0: 200, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 12: 501, 14: 503, 16: 401}
"""Of gRPC and of HTTP; the others are 500 (google/rpc/code.proto)."""

_LIBRARY_FILE = re.compile(
    r"^<|^node:|(?:^|/)(?:site-packages|dist-packages|node_modules|vendor|gems|lib/python\d[\w.]*)/|\.jar!?"
)
_MAX_FILE = 300
_LARGE = 2**53
_DIGITS = re.compile(r"[0-9]{1,15}")
_PATH = re.compile(r"\S*/\S*")
_VALUE = re.compile(
    r"(?<![\w.])\d+(?![\w.])|(?<=\.)\d+(?=\.[a-zA-Z_])|(?<=\[)\d+(?=\])"  # numbers by themselves, indexes
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{16,}\b"
    r"|[\w.+-]{1,64}@[\w.-]{1,64}"
)
"""What makes names of one operation different: numbers, identifiers, addresses."""

_CURSORS = ("CURSOR", "FETCH", "GETMORE", "SCROLL")
_WAITING = frozenset(
    {"BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP", "XREAD"}
    | {"XREADGROUP", "SUBSCRIBE", "PSUBSCRIBE", "WAIT"}
)
"""Commands of Redis that wait for somebody else's data."""

_LONG_COMMAND = 1000

_MANY = re.compile(r"(?i:^(?:batch|bulk|multi|m(?:get|set)(?:nx)?$|insertmany|msearch))|(?:Batch|Bulk|Many)")
"""An operation that does many things already, by its name."""

_PLACEHOLDER = re.compile(r"\?|%\(?\w|\$\d|[:@]\w")

Facts = Mapping[str, Any]


class Described(NamedTuple):
    """An operation in perfkit's words: kind, name and attributes of a Span."""

    kind: str
    name: str
    attrs: dict[str, Any]


def describe(name: str, span_kind: str, facts: Facts, *, keep_values: bool = False) -> Described:
    """What ``facts``, a span's attributes, say. ``span_kind`` is "CLIENT", "SERVER", "INTERNAL" ...

    The attributes are those of perfkit's own probes, as far as they are known; ``params`` of a query or call
    is missing where its parameters are not. ``entry`` is True where a service answers a request.

    >>> describe("SELECT", "CLIENT", {"db.system": "sqlite", "db.statement": "SELECT 5"})[:2]
    ('query', 'SELECT ?')
    """
    found = None
    if span_kind in ("CLIENT", "INTERNAL"):
        found = _query(name, facts, keep_values)
    if found is None and span_kind == "CLIENT":
        found = _request(facts) or _call(facts)
    return found or as_span(name, facts, span_kind=span_kind, keep_values=keep_values)


def as_span(name: str, facts: Facts, *, span_kind: str = "", keep_values: bool = False) -> Described:
    """The same for what is no operation of its own, or is not to be counted as one."""
    entry = {"entry": True} if span_kind in ENTRY_KINDS else {}
    return Described("span", shown_name(name, facts), {**_harmless(facts, keep_values), **entry})


def shown_name(name: str, facts: Facts) -> str:
    """The name with what looks like a value masked, in paths and alone; a route's parameters have names.

    >>> shown_name("GET /users/17", {}), shown_name("GET /users/<pk>", {"http.route": "/users/<pk>"})
    ('GET /users/{id}', 'GET /users/<pk>')
    >>> shown_name("ship order 17", {}), shown_name("items.3.owner", {}), shown_name("HTTP 1.1 v2", {})
    ('ship order {id}', 'items.{id}.owner', 'HTTP 1.1 v2')
    """
    route = facts.get("http.route")
    if "/" in name and not (route and route in (name, name.partition(" ")[2])):
        name = _PATH.sub(lambda path: "".join(describe_url(path[0])[:2]) or MASKED, name)
    return _VALUE.sub("{id}", name)


def frame(facts: Facts) -> Frame | None:
    """The line of the application that the attributes name; None if they do not, or name a library's.

    >>> str(frame({"code.filepath": "app/views.py", "code.lineno": 7, "code.function": "page"}))
    'app/views.py:7 in page'
    """
    file = _text(facts, "code.file.path", "code.filepath").replace("\\", "/")
    line = _numbers(facts, line=("code.line.number", "code.lineno")).get("line", 0)
    if not file or not line or len(file) > _MAX_FILE or _LIBRARY_FILE.search(file):
        return None
    return Frame(file, line, _text(facts, "code.function.name", "code.function")[:_MAX_FILE] or "?")


def _query(name: str, facts: Facts, keep_values: bool) -> Described | None:
    """None for what is no operation on a database, such as taking a connection from a pool."""
    given, sql = _text(facts, *SYSTEM).lower(), _text(facts, *_STATEMENT)
    system = _ALIASES.get(given, given)
    if not (system or sql) or _PREPARING.search(name):
        return None
    statement = _sql(system, sql) if sql else None
    known = statement is not None
    if statement is None:
        statement = _operation(facts, sql) if system else Statement("")
    if not statement.template:
        return None
    database = _text(facts, "db.namespace", "db.name", "db.instance")
    attrs = {
        "sql": statement.template,
        "system": system or "other_sql",
        "host": _host(facts),
        "database": PurePath(database).name if system == "sqlite" else database,
        **_parameters(facts, sql, statement if known else None, keep_values),
        **_numbers(facts, rows=("db.response.returned_rows",), many=("db.operation.batch.size",)),
    }
    if statement.listed > 1 or (statement.listed and not _ONE_MARK.search(sql)):
        attrs.setdefault("listed", statement.listed)
    if statement.kind == "catalogue":
        attrs["catalogue"] = True
    attrs.update(_nature(name, facts, sql, "" if known else statement.template))
    command = statement.template.partition(" ")[0].upper()
    if not known and (command in _WAITING or _asks_for_lock(command, sql)):
        return Described("wait", statement.template, attrs)
    kind = "transaction" if statement.kind == "transaction" else "query"
    return Described(kind, statement.template, attrs)


def _asks_for_lock(command: str, sql: str) -> bool:
    """Whether Redis sets something only if nobody else has; again and again, perhaps."""
    return command == "SET" and "NX" in sql[:_LONG_COMMAND].upper().split()[3:]


def _nature(name: str, facts: Facts, sql: str, operation: str) -> dict[str, Any]:
    """Whether it reads on behind a cursor, or does many things at once. ``operation`` is "" for SQL."""
    found: dict[str, Any] = {}
    if name.upper().startswith(_CURSORS) or operation.upper().startswith(_CURSORS):
        found["cursor"] = True
    length = facts.get("db.redis.pipeline_length")
    if type(length) is int and length > 1:
        found["many"] = length
    elif operation and sql.count("\n"):
        found["many"] = sql.count("\n") + 1
    elif _MANY.search(operation.partition(" ")[0]):
        found["many"] = 0
    return found


def _sql(system: str, sql: str) -> Statement | None:
    """The statement, if it is SQL: by the system, or by its looks where that is not known."""
    if system in OTHER_SYSTEMS:
        return None
    statement = describe_sql(sql)
    is_sql = system in SQL_SYSTEMS or (statement.verb in _SQL_VERBS and statement.tables)
    return statement if is_sql else None


def _operation(facts: Facts, sql: str) -> Statement:
    """What is done to what, where the statement is not known or no SQL."""
    done = _text(facts, "db.operation.name", "db.operation") or sql.partition(" ")[0]
    to = _text(facts, "db.collection.name", "db.sql.table", "db.mongodb.collection")
    words = [done, to] if done or to else _text(facts, "db.query.summary").split()
    template = " ".join(word for word in words if is_method(word))
    if _CONNECTING.fullmatch(template):
        return Statement("")
    return Statement(template, kind="transaction" if describe_sql(done).kind == "transaction" else "query")


def _parameters(facts: Facts, sql: str, statement: Statement | None, keep_values: bool) -> dict[str, Any]:
    """Hashes of the parameters as far as they are known. ``statement`` is None for what is no SQL."""
    given = {key: value for key, value in facts.items() if key.startswith(_PARAMETERS)}
    known: Any = given or facts.get("db.statement.parameters")
    if known:
        kept = {"values": represent(known)} if keep_values else {}
        each = values_of(statement, encode_params(_in_order(given))) if statement is not None else {}
        return {"params": hash_params(known), **each, **kept}
    if statement is None:
        return {"params": hash_params(sql)} if " " in sql and MASKED not in sql else {}
    if MASKED not in statement.template:
        return {"params": ""}
    # literals are parameters too; what was put in the place of placeholders is not known
    return {} if _PLACEHOLDER.search(sql) else {"params": hash_params(sql)}


def _in_order(given: Facts) -> list[Any] | dict[str, Any]:
    """Parameters by their position, or by their names where they have such."""
    named = {key.rpartition(".")[2]: value for key, value in given.items()}
    if all(_DIGITS.fullmatch(name) for name in named):
        return [named[name] for name in sorted(named, key=int)]
    return named


def _request(facts: Facts) -> Described | None:
    method = _text(facts, "http.request.method", "http.method")
    if not method:
        return None
    url = _url(facts)
    attrs = {
        **describe_request(method.upper(), url, None),
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
    if _tells_path(facts):
        ids = ids_in(url)
        attrs.update({"ids": ids} if ids else {})
    else:  # what was asked for is not known, or no more than its kind
        attrs.pop("params", None)
        attrs["opaque"] = not _text(facts, "url.template")
    return Described("request", f"{attrs['method']} {attrs['host']}{attrs['template']}", attrs)


def _tells_path(facts: Facts) -> bool:
    return bool(_text(facts, "url.full", "http.url", "url.path", "http.target"))


def _call(facts: Facts) -> Described | None:
    """A remote procedure call, such as gRPC's: a request whose parameters are not known."""
    system, method = _text(facts, "rpc.system.name", "rpc.system"), _text(facts, "rpc.method")
    path = "/".join(filter(None, (_text(facts, "rpc.service") if "/" not in method else "", method)))
    if not system or not is_method(path) or not is_method(system):
        return None
    code = _numbers(facts, code=("rpc.grpc.status_code", "rpc.response.status_code")).get("code")
    status = _numbers(facts, status=("http.response.status_code", "http.status_code")).get("status", 0)
    attrs = {
        "method": system.upper(),
        "host": _host(facts),
        "template": f"/{path}",
        "body": "",
        "rpc": path,
        "status": status if code is None else _GRPC_STATUS.get(code, 500),
        "retry": 0,
    }
    return Described("request", f"{attrs['method']} {attrs['host']}{attrs['template']}", attrs)


def _url(facts: Facts) -> str:
    whole = _text(facts, "url.full", "http.url")
    if whole:
        return whole
    path, query = _text(facts, "url.path"), _text(facts, "url.query")
    target = _text(facts, "http.target") or (f"{path}?{query}" if query else path)
    target = target or _text(facts, "url.template")
    host = _host(facts) or _text(facts, "http.host")
    scheme = _text(facts, "url.scheme", "http.scheme") or "http"
    return f"{scheme}://{host}/{target.removeprefix('/')}"


def _host(facts: Facts) -> str:
    address = _text(facts, *_ADDRESS)
    ports = _numbers(facts, port=("server.port", "net.peer.port", "peer.port"))
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
            number = _number(facts.get(key))
            if number >= 0:
                found[name] = number
                break
    return found


def _number(value: object) -> int:
    """A whole number, also where it is written as text; -1 if it is none."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer() and value < _LARGE:
        return int(value)
    return int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else -1


def _harmless(facts: Facts, keep_values: bool) -> dict[str, Any]:
    return {
        key: value if keep_values or key in NAMES or isinstance(value, (bool, int, float)) else MASKED
        for key, value in facts.items()
        if is_key(key)
    }
