"""OpenTelemetry's semantic conventions, old and new, in perfkit's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints.values import hash_params
from perfkit.probes.conventions import NAMES, SQL_SYSTEMS, as_span, describe, shown_name

SQL = "SELECT * FROM users WHERE id = $1"


def query(span_kind="CLIENT", **facts):
    return describe("x", span_kind, {key.replace("__", "."): value for key, value in facts.items()})


@pytest.mark.parametrize(
    "facts",
    [
        {
            "db.system": "postgresql",
            "db.statement": SQL,
            "db.name": "shop",
            "net.peer.name": "db.test",
            "net.peer.port": 5432,
        },
        {
            "db.system.name": "postgresql",
            "db.query.text": SQL,
            "db.namespace": "shop",
            "server.address": "db.test",
            "server.port": 5432,
        },
    ],
)
def test_queries_old_and_new(facts):
    found = describe("SELECT shop", "CLIENT", facts)
    template = "SELECT * FROM users WHERE id = ?"
    assert found == (
        "query",
        template,
        {"sql": template, "system": "postgresql", "host": "db.test:5432", "database": "shop"},
    )


@pytest.mark.parametrize("span_kind", ["CLIENT", "INTERNAL"])
def test_a_query_is_a_clients(span_kind):
    assert query(span_kind, db__system="sqlite", db__statement="SELECT 1").kind == "query"


@pytest.mark.parametrize("span_kind", ["SERVER", "PRODUCER", "CONSUMER"])
def test_a_servers_span_is_no_query_and_no_request(span_kind):
    facts = {"db.system": "sqlite", "db.statement": "SELECT 1", "http.method": "GET", "http.url": "http://h/"}
    found = describe("x", span_kind, facts)
    assert (found.kind, found.attrs["db.statement"], found.attrs["http.url"]) == ("span", "?", "?")


@pytest.mark.parametrize(
    ("facts", "params"),
    [
        ({"db.statement": "SELECT 1 WHERE a = ?"}, None),
        ({"db.statement": "SELECT 1 WHERE a = %s"}, None),
        ({"db.statement": "SELECT 1 WHERE a = %(a)s"}, None),
        ({"db.statement": "SELECT 1 WHERE a = :a"}, None),
        ({"db.statement": "SELECT a FROM b"}, ""),
        ({"db.statement": "SELECT a FROM b WHERE c = 5"}, hash_params("SELECT a FROM b WHERE c = 5")),
        (
            {"db.query.text": SQL, "db.query.parameter.0": "5", "db.query.parameter.1": "6"},
            hash_params({"db.query.parameter.0": "5", "db.query.parameter.1": "6"}),
        ),
        ({"db.statement": SQL, "db.statement.parameters": "(5,)"}, hash_params("(5,)")),
    ],
)
def test_parameters_are_hashed_where_they_are_known(facts, params):
    found = describe("x", "CLIENT", {"db.system": "sqlite", **facts})
    assert found.attrs.get("params") == params
    assert "values" not in found.attrs


def test_values_are_kept_when_asked_for():
    facts = {"db.system": "sqlite", "db.query.text": SQL, "db.query.parameter.0": "5"}
    found = describe("x", "CLIENT", facts, keep_values=True)
    assert found.attrs["values"] == "{'db.query.parameter.0': '5'}"
    assert describe("x", "SERVER", {"note": "s3cr3t"}, keep_values=True).attrs == {"note": "s3cr3t"}


def test_rows_batches_and_what_asks_about_tables():
    found = query(
        db__system="sqlite",
        db__query__text="INSERT INTO t VALUES (?)",
        db__operation__batch__size=3,
        db__response__returned_rows=2,
    )
    assert (found.attrs["many"], found.attrs["rows"]) == (3, 2)
    assert query(db__system="sqlite", db__statement="PRAGMA table_info(t)").attrs["catalogue"] is True


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT", "ROLLBACK TO SAVEPOINT a"])
def test_transactions(sql):
    assert query(db__system="postgresql", db__statement=sql).kind == "transaction"


def test_a_file_is_shown_without_its_folder():
    found = query(db__system="sqlite", db__name="/home/me/shop.db", db__statement="SELECT 1")
    assert found.attrs["database"] == "shop.db"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"db.system": "redis", "db.statement": "GET user:s3cr3t"}, "GET"),
        ({"db.system": "mongodb", "db.operation": "find", "db.mongodb.collection": "users"}, "find users"),
        ({"db.system.name": "elasticsearch", "db.operation.name": "search"}, "search"),
        (
            {"db.system": "sqlite", "db.operation.name": "SELECT", "db.collection.name": "users"},
            "SELECT users",
        ),
        ({"db.system": "unheard-of", "db.statement": "PUT s3cr3t"}, "PUT"),
        (
            {"db.system": "mongodb", "db.statement": '{"find": "s3cr3t"}', "db.collection.name": "users"},
            "users",
        ),
    ],
)
def test_what_is_no_sql_keeps_its_operation(facts, expected):
    found = describe("x", "CLIENT", facts)
    assert (found.kind, found.name) == ("query", expected)
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize("facts", [{"db.system": "sqlite"}, {"db.system": "redis", "db.statement": "{}"}])
def test_what_asks_for_nothing_is_no_query(facts):
    assert describe("connect", "CLIENT", facts)[:2] == ("span", "connect")


URL = "https://me:s3cr3t@api.test/users/17?page=2"
REQUEST = {"method": "GET", "host": "api.test", "template": "/users/{id}?page=", "status": 200, "retry": 0}


@pytest.mark.parametrize(
    "facts",
    [
        {"http.method": "GET", "http.url": URL, "http.status_code": 200},
        {"http.request.method": "GET", "url.full": URL, "http.response.status_code": 200},
        {
            "http.request.method": "GET",
            "url.scheme": "https",
            "url.path": "/users/17",
            "url.query": "page=2",
            "server.address": "api.test",
            "server.port": 443,
            "http.response.status_code": 200,
        },
        {
            "http.method": "get",
            "http.scheme": "http",
            "http.target": "/users/17?page=2",
            "http.host": "api.test:80",
            "http.status_code": 200,
        },
    ],
)
def test_requests_old_and_new(facts):
    kind, name, attrs = describe("GET", "CLIENT", facts)
    assert (kind, name) == ("request", "GET api.test/users/{id}?page=")
    assert {key: attrs[key] for key in REQUEST} == REQUEST
    assert set(attrs["params"]) == {"?page", "path"}
    assert "s3cr3t" not in repr(attrs)


def test_a_requests_retries_and_bytes():
    found = query(
        http__request__method="POST",
        url__full="http://api.test/",
        http__request__resend_count=2,
        http__request__body__size=10,
        http__response__body__size=20,
    )
    attrs = found.attrs
    assert (attrs["retry"], attrs["bytes_sent"], attrs["bytes_received"], attrs["status"]) == (2, 10, 20, 0)


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("db", 5432, "db:5432"),
        ("::1", 5432, "[::1]:5432"),
        ("db", None, "db"),
        ("", 5, ""),
        ("db", "x", "db"),
    ],
)
def test_hosts(address, port, expected):
    facts = {"db.system": "postgresql", "db.statement": "SELECT 1", "server.address": address}
    if port is not None:
        facts["server.port"] = port
    assert describe("x", "CLIENT", facts).attrs["host"] == expected


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("GET /users/17", {}, "GET /users/{id}"),
        ("GET /users/<int:pk>/", {"http.route": "/users/<int:pk>/"}, "GET /users/<int:pk>/"),
        ("GET /users/17/", {"http.route": "/"}, "GET /users/{id}/"),
        ("GET http://api.test/users/17?key=s3cr3t", {}, "GET api.test/users/{id}?key="),
        ("process order", {}, "process order"),
        ("/", {}, "/"),
    ],
)
def test_names_are_shown_without_the_values_in_their_paths(name, facts, expected):
    assert shown_name(name, facts) == expected


def test_other_attributes_are_masked_unless_they_are_harmless():
    facts = {
        "count": 5,
        "ratio": 0.5,
        "cached": True,
        "messaging.system": "kafka",
        "rpc.method": "GetUser",
        "user.email": "me@example.com",
        "url.path": "/users/17",
        "tags": ("a", "b"),
        "5f3e9a10-key": "x",
    }
    assert as_span("work", facts).attrs == {
        "count": 5,
        "ratio": 0.5,
        "cached": True,
        "messaging.system": "kafka",
        "rpc.method": "GetUser",
        "user.email": "?",
        "url.path": "?",
        "tags": "?",
    }


SECRET = "Qz7x9Kp2Lm4"
KEYS = (
    *("db.statement", "db.query.text", "db.query.parameter.0", "db.statement.parameters", "note"),
    *("url.full", "http.url", "url.query", "http.target", "url.path", "http.request.header.authorization"),
    *("user.name", "exception.message", "url.fragment", "messaging.message.id"),
)


@given(
    span_kind=st.sampled_from(["CLIENT", "SERVER", "INTERNAL"]),
    facts=st.dictionaries(
        st.sampled_from(KEYS),
        st.sampled_from([SECRET, f"'{SECRET}'", f"http://h/{SECRET}?a={SECRET}", f"/a/{SECRET}#{SECRET}"]),
    ),
    system=st.sampled_from(["redis", "", "mongodb", "unheard-of"]),
    method=st.sampled_from(["GET", ""]),
)
def test_no_value_comes_through(span_kind, facts, system, method):
    found = describe(f"GET /a/{SECRET}", span_kind, {**facts, "db.system": system, "http.method": method})
    assert SECRET not in repr(found)


@given(
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.binary(), st.lists(st.text())),
    key=st.sampled_from([*NAMES, *KEYS, "server.port", "db.operation.batch.size", "http.status_code"]),
    span_kind=st.sampled_from(["CLIENT", "SERVER", "INTERNAL"]),
)
def test_any_value_anywhere_is_described(key, value, span_kind):
    facts = {"db.system": "sqlite", "db.statement": "SELECT 1", "http.method": "GET", key: value}
    assert describe("work", span_kind, facts).kind in ("span", "query", "request", "transaction")


def test_the_systems_with_sql_are_the_conventions_own():
    assert {"sqlite", "postgresql", "mysql", "mariadb", "oracle.db", "microsoft.sql_server"} <= SQL_SYSTEMS
    assert not {"redis", "mongodb", "memcached", "elasticsearch"} & SQL_SYSTEMS
