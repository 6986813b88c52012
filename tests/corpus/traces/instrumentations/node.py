"""The OpenTelemetry contrib packages for Node.js, and Prisma's own."""

from urllib.parse import urlsplit

from tests.corpus.traces.building.recorder import CLIENT, INTERNAL, Op, Scope
from tests.corpus.traces.instrumentations import client, database, first_word, http_client, http_server


def _scope(name):
    return Scope(f"@opentelemetry/instrumentation-{name}", "0.57.1")


def http_in(method, route, **more):
    return http_server(method, route, scope=_scope("http"), **more)


def middleware(name):
    attributes = {"express.name": name, "express.type": "middleware", "http.route": "/"}
    return Op(f"middleware - {name}", INTERNAL, attributes, _scope("express"))


def handler(route):
    attributes = {"express.name": route, "express.type": "request_handler", "http.route": route}
    return Op(f"request handler - {route}", INTERNAL, attributes, _scope("express"))


def pg(sql, db="shop", host="postgres", *, stable=False):
    """Named after the first word and the database."""
    more = {"db__query__text": sql} if stable else {"db__statement": sql, "db__user": "app"}
    attributes = database("postgresql", db, host, stable=stable, **more)
    return client(f"pg.query:{first_word(sql)} {db}", attributes, _scope("pg"))


def pg_pool_connect(db="shop", host="postgres"):
    """Waiting for a connection of the pool."""
    attributes = database("postgresql", db, host) | {
        "db.postgresql.idle.timeout.millis": 10_000,
        "db.postgresql.max.client": 10,
    }
    return client("pg-pool.connect", attributes, _scope("pg"))


def pg_connect(db="shop", host="postgres"):
    """Opening a connection."""
    return client("pg.connect", database("postgresql", db, host), _scope("pg"))


def mysql2(sql, db="shop", host="mysql"):
    """The statement with its values filled in."""
    more = {"db__statement": sql, "db__user": "app"}
    return client(first_word(sql), database("mysql", db, host, **more), _scope("mysql2"))


def mongoose(model, collection, operation, db="shop"):
    """What the models were asked for; the driver's span lies below."""
    attributes = database("mongodb", db, "mongo") | {
        "db.system": "mongoose",
        "db.mongodb.collection": collection,
        "db.operation": operation,
    }
    return client(f"mongoose.{model}.{operation}", attributes, _scope("mongoose"))


def mongodb(command, collection, statement, db="shop"):
    more = {"db__mongodb__collection": collection, "db__operation": command, "db__statement": statement}
    return client(f"mongodb.{command}", database("mongodb", db, "mongo", **more), _scope("mongodb"))


def ioredis(command, statement):
    attributes = {
        "db.system": "redis",
        "db.connection_string": "redis://cache:6379",
        "net.peer.name": "cache",
        "net.peer.port": 6379,
        "db.statement": statement,
    }
    return client(command, attributes, _scope("ioredis"))


def undici(method, url, status=200):
    parts = urlsplit(url)
    attributes = http_client(method, url, status, stable=True) | {
        "http.request.method_original": method,
        "url.path": parts.path,
        "url.query": f"?{parts.query}" if parts.query else "",
        "url.scheme": parts.scheme,
        "user_agent.original": "node",
    }
    return client(method, attributes, _scope("undici"))


def http_out(method, url, status=200):
    parts = urlsplit(url)
    attributes = http_client(method, url, status) | {
        "http.host": parts.netloc,
        "http.target": parts.path + (f"?{parts.query}" if parts.query else ""),
        "http.status_text": "OK",
    }
    return client(method, attributes, _scope("http"))


def dns_lookup(host):
    return Op("dns.lookup", INTERNAL, {"peer.ipv4": "10.0.7.31", "net.peer.name": host}, _scope("dns"))


def tcp_connect(host, port=443):
    attributes = {
        "net.transport": "ip_tcp",
        "net.peer.name": host,
        "net.peer.port": port,
        "net.peer.ip": "10.0.7.31",
        "net.host.ip": "10.4.0.9",
    }
    return Op("tcp.connect", INTERNAL, attributes, _scope("net"))


def tls_connect():
    attributes = {
        "tls.protocol": "TLSv1.3",
        "tls.authorized": "true",
        "tls.cipher.name": "TLS_AES_256_GCM_SHA384",
    }
    return Op("tls.connect", INTERNAL, attributes, _scope("net"))


def graphql(name, **attributes):
    attributes = {f"graphql.{key.replace('__', '.')}": value for key, value in attributes.items()}
    return Op(name, INTERNAL, attributes, _scope("graphql"))


def resolve(path, of_type, parent):
    """One field that was resolved; several rounds may be under way at once."""
    field = path.rpartition(".")[2]
    names = {"field__name": field, "field__path": path, "field__type": of_type, "parent__name": parent}
    return graphql(f"graphql.resolve {path}", **names)


PRISMA = Scope("prisma", "6.2.1")


def prisma(model, method):
    attributes = {"method": method, "model": model, "name": f"{model}.{method}"}
    return Op("prisma:client:operation", INTERNAL, attributes, PRISMA)


def prisma_engine(step):
    kind = CLIENT if step == "query" else INTERNAL
    return Op(f"prisma:engine:{step}", kind, {"db.system": "postgresql"} if kind == CLIENT else {}, PRISMA)


def prisma_query(sql, *, stable=True):
    """The database's part of an operation."""
    text = "db.query.text" if stable else "db.statement"
    attributes = {"db.system": "postgresql", text: sql}
    return Op("prisma:engine:db_query", CLIENT if stable else INTERNAL, attributes, PRISMA)


def fetched(url):
    """A file that a page needs, as the browser tells it."""
    attributes = {"http.url": url, "http.response_content_length": 48_211, "component": "document-load"}
    return Op("resourceFetch", INTERNAL, attributes, _scope("document-load"))
