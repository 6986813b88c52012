"""OpenTelemetry's semantic conventions, old and new, in perfkit's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints.values import hash_params
from perfkit.model import Frame
from perfkit.probes.conventions import NAMES, SQL_SYSTEMS, as_span, describe, frame, shown_name

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
    ("span_kind", "entry"),
    [
        ("SERVER", True),
        ("CONSUMER", True),
        ("CLIENT", None),
        ("PRODUCER", None),
        ("INTERNAL", None),
    ],
)
def test_where_a_service_answers(span_kind, entry):
    assert describe("x", span_kind, {}).attrs.get("entry") is entry
    assert as_span("x", {}, span_kind=span_kind).attrs.get("entry") is entry


@pytest.mark.parametrize(
    ("facts", "params"),
    [
        ({"db.statement": "GET user:17", "db.system": "redis"}, hash_params("GET user:17")),
        ({"db.statement": "GET ?", "db.system": "redis"}, None),
        ({"db.statement": "GET", "db.system": "redis"}, None),
        ({"db.operation": "SELECT", "db.sql.table": "users"}, None),
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


def test_each_parameter_is_hashed_where_pages_are_told_by_it():
    sql = "SELECT a FROM b WHERE c = $1 AND d = 5 LIMIT $2"
    pages = [
        describe("x", "CLIENT", {"db.system": "postgresql", "db.query.text": sql, **given}).attrs["each"]
        for given in (
            {"db.query.parameter.0": "5", "db.query.parameter.1": "10"},
            {"db.query.parameter.1": "20", "db.query.parameter.0": "5"},
        )
    ]
    assert [len(each) for each in pages] == [4 - 1] * 2
    assert [one == other for one, other in zip(*pages, strict=True)] == [True, True, False]
    assert pages[0][1] == ""  # a literal


def test_values_are_kept_when_asked_for():
    facts = {"db.system": "sqlite", "db.query.text": SQL, "db.query.parameter.0": "5"}
    found = describe("x", "CLIENT", facts, keep_values=True)
    assert found.attrs["values"] == "{'db.query.parameter.0': '5'}"
    assert describe("x", "INTERNAL", {"note": "s3cr3t"}, keep_values=True).attrs == {"note": "s3cr3t"}


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
        ({"db.system": "postgresql", "db.query.summary": "SELECT users orders"}, "SELECT users orders"),
        ({"db.system": "Redis", "db.statement": "SELECT s3cr3t FROM x"}, "SELECT"),
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


@pytest.mark.parametrize(
    ("facts", "system"),
    [
        ({"db.statement": "SELECT a FROM b WHERE c = 5"}, "other_sql"),
        ({"db.type": "sql", "db.statement": "SELECT a FROM b WHERE c = 5"}, "other_sql"),
        ({"db.system": "tidb", "db.statement": "SELECT a FROM b WHERE c = 5"}, "tidb"),
        ({"db.system": "Postgres", "db.statement": "SELECT a FROM b WHERE c = 5"}, "postgresql"),
    ],
)
def test_sql_is_known_by_its_looks(facts, system):
    found = describe("x", "CLIENT", facts)
    assert (found.kind, found.name, found.attrs["system"]) == ("query", "SELECT a FROM b WHERE c = ?", system)


@pytest.mark.parametrize("text", ["PUT s3cr3t", "SELECT", "s3cr3t", '{"select": 5}'])
def test_what_does_not_look_like_sql_is_none(text):
    assert describe("x", "CLIENT", {"db.statement": text}).kind == "span"


@pytest.mark.parametrize("operation", ["COMMIT", "begin", "ROLLBACK"])
def test_a_transaction_by_its_operation_alone(operation):
    assert query(db__system="postgresql", db__operation=operation).kind == "transaction"


@pytest.mark.parametrize(
    "operation", ["connect", "pg.connect", "pool.acquire", "checkout", "getConnection", "close", "ping"]
)
def test_connecting_is_no_query(operation):
    assert query(db__system="postgresql", db__operation=operation).kind == "span"


@pytest.mark.parametrize(
    "facts",
    [
        {"rpc.system": "grpc", "rpc.service": "shop.Items", "rpc.method": "Get", "rpc.grpc.status_code": 14},
        {"rpc.system.name": "grpc", "rpc.method": "shop.Items/Get", "rpc.response.status_code": "14"},
    ],
)
def test_remote_procedure_calls_old_and_new(facts):
    found = describe("x", "CLIENT", {**facts, "server.address": "items", "server.port": 8080})
    assert found == (
        "request",
        "GRPC items:8080/shop.Items/Get",
        {
            "method": "GRPC",
            "host": "items:8080",
            "template": "/shop.Items/Get",
            "body": "",
            "rpc": "shop.Items/Get",
            "status": 503,
            "retry": 0,
        },
    )


@pytest.mark.parametrize(("code", "status"), [(0, 200), (5, 404), (8, 429), (13, 500), (99, 500), (None, 0)])
def test_the_status_of_a_call(code, status):
    facts = {"rpc.system": "grpc", "rpc.method": "Get"} | (
        {} if code is None else {"rpc.grpc.status_code": code}
    )
    assert describe("x", "CLIENT", facts).attrs["status"] == status


@pytest.mark.parametrize(
    "facts",
    [
        {"rpc.system": "grpc"},
        {"rpc.method": "Get"},
        {"rpc.system": "grpc", "rpc.method": "sk_live_51H8s9dkfjW0q8"},
        {"rpc.system": "a b", "rpc.method": "Get"},
    ],
)
def test_what_does_not_say_what_it_calls_is_no_call(facts):
    assert describe("x", "CLIENT", facts).kind == "span"
    assert describe("x", "SERVER", {"rpc.system": "grpc", "rpc.method": "Get"}).kind == "span"


def test_a_call_over_http_is_a_request():
    facts = {
        "rpc.system": "aws-api",
        "rpc.method": "Get",
        "http.method": "POST",
        "http.url": "http://s3.test/",
    }
    assert describe("x", "CLIENT", facts).name == "POST s3.test/"


PAGE = Frame("app/views.py", 41, "page")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"code.filepath": "app/views.py", "code.lineno": 41, "code.function": "page"}, PAGE),
        ({"code.file.path": "app/views.py", "code.line.number": "41", "code.function.name": "page"}, PAGE),
        ({"code.file.path": "app\\views.py", "code.line.number": 41.0, "code.function.name": "page"}, PAGE),
        ({"code.file.path": "app/views.py", "code.line.number": 41}, Frame("app/views.py", 41, "?")),
        ({"code.file.path": "app/views.py", "code.function": "page"}, None),
        ({"code.file.path": "app/views.py", "code.lineno": 0}, None),
        ({"code.lineno": 41, "code.function": "page"}, None),
        ({"code.filepath": 5, "code.lineno": 41}, None),
        ({"code.filepath": "x" * 1000, "code.lineno": 41}, None),
        *(
            ({"code.filepath": library, "code.lineno": 41}, None)
            for library in (
                *("/v/lib/python3.11/site-packages/django/db.py", "/usr/lib/python3/dist-packages/x.py"),
                *("/usr/lib/python3.11/asyncio/tasks.py", "node_modules/pg/client.js", "node:internal/x"),
                *("/app/vendor/laravel/db.php", "C:\\py\\Lib\\site-packages\\x.py", "<frozen importlib>"),
                *("lib.jar!/a/B.class", "/gems/activerecord/x.rb"),
            )
        ),
    ],
)
def test_the_line_of_the_application(facts, expected):
    assert frame(facts) == expected


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
        ("db", "5432", "db:5432"),
        ("db", 5432.0, "db:5432"),
        ("db", -5, "db"),
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
        ("process order 17", {}, "process order {id}"),
        ("process order #17", {}, "process order #{id}"),
        ("items.3.owner", {}, "items.{id}.owner"),
        ("items[3].owner", {}, "items[{id}].owner"),
        ("job 7f9c24e5-2c6b-4a3e-8f1d-0b9a6c5d4e3f", {}, "job {id}"),
        ("job 7f9c24e52c6b4a3e8f1d", {}, "job {id}"),
        ("mail me@example.com", {}, "mail {id}"),
        ("HTTP 1.1", {}, "HTTP 1.1"),
        ("parse v2 of utf8 oauth2", {}, "parse v2 of utf8 oauth2"),
        ("deadbeefdeadbeefdead", {}, "deadbeefdeadbeefdead"),
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


@pytest.mark.parametrize("name", ["PDO::prepare", "sql.conn.prepare", "Prepare"])
def test_preparing_a_statement_is_no_query(name):
    assert describe(name, "CLIENT", {"db.system": "mysql", "db.statement": SQL}).kind == "span"


def test_a_list_of_one_mark_may_stand_for_any():
    assert "listed" not in query(db__statement="SELECT a FROM t WHERE b in (?)", db__system="mysql").attrs
    assert query(db__statement="SELECT a FROM t WHERE b IN (%s)", db__system="mysql").attrs["listed"] == 1
    assert query(db__statement="SELECT a FROM t WHERE b IN (?, ?)", db__system="mysql").attrs["listed"] == 2


def test_an_attempt_to_lock_is_a_wait():
    attempt = query(db__system="redis", db__operation="SET", db__statement="SET lock ? NX PX 30000")
    assert (attempt.kind, attempt.name) == ("wait", "SET")
    assert query(db__system="redis", db__operation="SET", db__statement="SET nx ?").kind == "query"


def request(**facts):
    return describe("GET", "CLIENT", {"http.request.method": "GET", "server.address": "users", **facts})


def test_a_request_without_its_url():
    hidden = request().attrs
    assert hidden["opaque"]
    assert "params" not in hidden
    known = request(**{"url.template": "/users/{id}"})
    assert (known.name, known.attrs["opaque"]) == ("GET users/users/{id}", False)
    assert "params" not in known.attrs


def test_values_in_a_path_have_hashes_of_their_own():
    one, other = (request(**{"url.full": f"http://h/{path}"}).attrs for path in ("users/17/x", "orders/17"))
    assert one["ids"] == other["ids"]
    assert one["params"] != other["params"]
    assert "ids" not in request(**{"url.full": "http://h/users"}).attrs
