"""The OpenTelemetry agent for Java: JDBC, Hibernate, Spring, okhttp, gRPC."""

from urllib.parse import urlsplit

from tests.corpus.traces.building.recorder import CLIENT, CONSUMER, INTERNAL, Op, Scope
from tests.corpus.traces.instrumentations import client, database, http_client, http_server


def _scope(name):
    return Scope(f"io.opentelemetry.{name}", "2.11.0-alpha")


def spring(method, route, **more):
    return http_server(method, route, stable=True, scope=_scope("tomcat-10.0"), **more)


def jdbc(sql, table, db="shop", host="db", system="postgresql", *, stable=False, batch=0):
    """The agent masks literals and the length of lists; ``sql`` empty: only operation and table are told."""
    verb = sql.split(None, 1)[0].upper() if sql else "SELECT"
    if stable:
        attributes = database(system, db, host, stable=True, db__operation__name=verb)
        attributes |= (
            {"db.collection.name": table, "db.query.text": sql} if sql else {"db.collection.name": table}
        )
        if batch:
            attributes |= {"db.operation.batch.size": batch, "db.operation.name": f"BATCH {verb}"}
    else:
        attributes = database(system, db, host, db__user="app", db__operation=verb, db__sql__table=table)
        attributes |= {"db.connection_string": f"{system}://{host}:5432"}
        attributes |= {"db.statement": sql} if sql else {}
    attributes |= {"thread.id": 42, "thread.name": "http-nio-8080-exec-3"}
    return client(f"{'BATCH ' if batch else ''}{verb} {db}.{table}", attributes, _scope("jdbc"))


def repository(interface, method):
    """A Spring Data repository."""
    attributes = {"code.namespace": f"com.acme.shop.{interface}", "code.function": method}
    return Op(f"{interface}.{method}", INTERNAL, attributes, _scope("spring-data-1.8"))


def hibernate(name):
    """``Session.find com.acme.Order``, ``Transaction.commit``."""
    return Op(name, INTERNAL, {"thread.id": 42}, _scope("hibernate-6.0"))


def get_connection():
    attributes = {"code.namespace": "com.zaxxer.hikari.HikariDataSource", "code.function": "getConnection"}
    return Op("HikariDataSource.getConnection", INTERNAL, attributes, _scope("jdbc"))


def okhttp(method, url, status=200, *, resent=0):
    attributes = http_client(method, url, status, stable=True)
    attributes |= {"http.request.resend_count": resent} if resent else {}
    if status >= 400:
        attributes |= {"error.type": str(status)}
    return client(method, attributes, _scope("okhttp-3.0"))


def grpc(service, method, host):
    attributes = {
        "rpc.system": "grpc",
        "rpc.service": service,
        "rpc.method": method,
        "rpc.grpc.status_code": 0,
        "server.address": host,
        "server.port": 9090,
        "network.peer.address": "10.0.3.8",
    }
    return client(f"{service}/{method}", attributes, _scope("grpc-1.6"))


def kafka_process(topic, offset):
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation": "process",
        "messaging.destination.name": topic,
        "messaging.kafka.message.offset": offset,
    }
    return Op(f"{topic} process", CONSUMER, attributes, _scope("spring-kafka-2.7"))


def elasticsearch(method, path, operation, index):
    """The REST client: the operation is told, its body is not."""
    attributes = {
        "db.system": "elasticsearch",
        "db.operation": operation,
        "db.elasticsearch.path_parts.index": index,
        "http.request.method": method,
        "url.full": f"http://elastic:9200{path}",
        "server.address": "elastic",
        "server.port": 9200,
    }
    return Op(f"{operation} {index}", CLIENT, attributes, _scope("elasticsearch-rest-7.0"))


def envoy(service, url, status=200):
    """The proxy beside a service sends on what the service sends."""
    parts = urlsplit(url)
    attributes = {
        "component": "proxy",
        "upstream_cluster": f"outbound|80||{service}.default.svc.cluster.local",
        "http.method": "GET",
        "http.url": url,
        "http.status_code": str(status),
        "http.protocol": "HTTP/1.1",
        "node_id": "sidecar~10.4.0.17",
        "peer.address": parts.hostname,
    }
    return Op(f"{parts.netloc}/*", CLIENT, attributes, Scope("envoy", "1.31"))
