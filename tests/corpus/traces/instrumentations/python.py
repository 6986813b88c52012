"""The OpenTelemetry contrib packages for Python."""

from tests.corpus.traces.building.recorder import CLIENT, CONSUMER, INTERNAL, PRODUCER, Op, Scope
from tests.corpus.traces.instrumentations import client, database, first_word, http_client, http_server


def _scope(name):
    return Scope(f"opentelemetry.instrumentation.{name}")


def django(method, route, **more):
    """Routes have no slash in front."""
    return http_server(method, route, scope=_scope("django"), **more)


def flask(method, route, **more):
    return http_server(method, route, scope=_scope("flask"), **more)


def fastapi(method, route, **more):
    return http_server(method, route, scope=_scope("fastapi"), **more)


def asgi_send(method, route, event="http.response.body"):
    """What ASGI adds for each message of an answer."""
    return Op(f"{method} {route} http send", INTERNAL, {"asgi.event.type": event}, _scope("asgi"))


def psycopg2(sql, db="shop", host="db", user="app"):
    """psycopg2 and psycopg: the statement as it was given, with its placeholders."""
    more = {"db__statement": sql, "db__user": user}
    return client(first_word(sql), database("postgresql", db, host, **more), _scope("psycopg2"))


def psycopg(sql, db="shop", host="db"):
    """The stable conventions."""
    attributes = database("postgresql", db, host, stable=True, db__query__text=sql)
    return client(first_word(sql), attributes, _scope("psycopg"))


def pymysql(sql, db="shop", host="mysql"):
    more = {"db__statement": sql, "db__user": "app"}
    return client(first_word(sql), database("mysql", db, host, **more), _scope("pymysql"))


def mysql_connector(sql, db="shop", host="mysql"):
    more = {"db__statement": sql, "db__user": "app"}
    return client(first_word(sql), database("mysql", db, host, **more), _scope("mysql"))


def sqlite3(sql, db="app.db"):
    attributes = {"db.system": "sqlite", "db.name": db, "db.statement": sql}
    return client(first_word(sql), attributes, _scope("sqlite3"))


def asyncpg(sql, *values, db="shop", host="db"):
    """``values`` are told only where capturing them was asked for."""
    more = {"net__transport": "ip_tcp", "db__user": "app", "db__statement": sql}
    attributes = database("postgresql", db, host, **more)
    if values:
        attributes["db.statement.parameters"] = str(values)
    return client(first_word(sql), attributes, _scope("asyncpg"))


def asyncpg_cursor(sql, **more):
    query = asyncpg(sql, **more)
    return query.but(name=f"CURSOR: {query.name}")


def sqlalchemy(sql, db="shop", host="db", system="postgresql", *, stable=False):
    """Named after the first word and the database."""
    more = {"db__query__text" if stable else "db__statement": sql}
    attributes = database(system, db, host, stable=stable, **more)
    if not stable:
        attributes |= {"db.user": "app"}
    return client(f"{first_word(sql)} {db}", attributes, _scope("sqlalchemy"))


def sqlalchemy_connect(db="shop", host="db", system="postgresql"):
    """Each checkout from the pool makes one, whether or not a connection is opened."""
    return client("connect", database(system, db, host), _scope("sqlalchemy"))


def redis(*command):
    """Values are never told."""
    attributes = {
        "db.system": "redis",
        "db.redis.database_index": 0,
        "net.peer.name": "cache",
        "net.peer.port": 6379,
        "net.transport": "ip_tcp",
        "db.statement": " ".join([command[0], *["?"] * (len(command) - 1)]),
        "db.redis.args_length": len(command),
    }
    return client(command[0], attributes, _scope("redis"))


def redis_pipeline(commands):
    """One round trip for many commands."""
    attributes = redis("GET", "k").attributes | {
        "db.statement": "\n".join(f"{name} ? ?" for name in commands),
        "db.redis.pipeline_length": len(commands),
    }
    return client(" ".join(commands), attributes, _scope("redis"))


def pymongo(command, collection, db="shop"):
    """Without capturing statements, which is the default."""
    attributes = database("mongodb", db, "mongo", db__statement=command, db__mongodb__collection=collection)
    return client(f"{db}.{command}", attributes, _scope("pymongo"))


def requests(method, url, status=200, *, stable=False):
    return client(method, http_client(method, url, status, stable=stable), _scope("requests"))


def httpx(method, url, status=200, *, stable=True):
    return client(method, http_client(method, url, status, stable=stable), _scope("httpx"))


def aiohttp(method, url, status=200):
    attributes = {"http.method": method, "http.url": url, "http.status_code": status}
    return client(method, attributes, _scope("aiohttp_client"))


def urllib3(method, url, status=200):
    attributes = {"http.method": method, "http.url": url, "http.status_code": status}
    return client(method, attributes, _scope("urllib3"))


def grpc(service, method, host="catalog"):
    attributes = {
        "rpc.system": "grpc",
        "rpc.grpc.status_code": 0,
        "rpc.method": method,
        "rpc.service": service,
        "net.peer.name": host,
    }
    return client(f"/{service}/{method}", attributes, _scope("grpc"))


def celery_send(task):
    attributes = {
        "celery.action": "apply_async",
        "celery.task_name": task,
        "messaging.destination": "celery",
        "messaging.destination_kind": "queue",
    }
    return Op(f"apply_async/{task}", PRODUCER, attributes, _scope("celery"))


def celery_run(task):
    attributes = {
        "celery.action": "run",
        "celery.state": "SUCCESS",
        "celery.task_name": task,
        "messaging.destination": "celery",
    }
    return Op(f"run/{task}", CONSUMER, attributes, _scope("celery"))


def kafka_poll(topic):
    attributes = {"messaging.system": "kafka", "messaging.destination.name": topic}
    return Op(f"{topic} receive", CONSUMER, attributes, _scope("kafka"))


def botocore(service, operation, **more):
    """What the AWS client was asked for; ``more`` are the extensions' attributes."""
    attributes = {
        "rpc.system": "aws-api",
        "rpc.service": service,
        "rpc.method": operation,
        "aws.region": "eu-central-1",
        "http.status_code": 200,
        "retry_attempts": 0,
        **{key.replace("__", "."): value for key, value in more.items()},
    }
    return Op(f"{service}.{operation}", CLIENT, attributes, _scope("botocore"))


def dynamodb(operation, table):
    more = {"db__system": "dynamodb", "db__operation": operation, "aws__dynamodb__table_names": [table]}
    return botocore("DynamoDB", operation, net__peer__name="dynamodb.eu-central-1.amazonaws.com", **more)
