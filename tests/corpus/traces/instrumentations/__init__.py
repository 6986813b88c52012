"""Which spans the instrumentations of each language make: their names, kinds and attributes."""

from urllib.parse import urlsplit

from tests.corpus.traces.building.recorder import CLIENT, INTERNAL, SERVER, Op, Scope

PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "redis": 6379, "mongodb": 27017}


def own(name, scope="app", **attributes):
    """A span of the application's own tracer."""
    return Op(name, INTERNAL, {k.replace("__", "."): v for k, v in attributes.items()}, Scope(scope, "1.4.0"))


def database(system, name, host, *, stable=False, **more):
    """Attributes that tell one database from another, in the conventions before and since 1.28."""
    port = PORTS.get(system, 5432)
    if stable:
        where = {"db.system.name": system, "db.namespace": name, "server.address": host, "server.port": port}
    else:
        where = {"db.system": system, "db.name": name, "net.peer.name": host, "net.peer.port": port}
    return {**where, **{key.replace("__", "."): value for key, value in more.items()}}


def http_client(method, url, status, *, stable=False):
    """Attributes of a request, in the conventions before and since 1.23."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if stable:
        attributes = {
            "http.request.method": method,
            "server.address": parts.hostname,
            "server.port": port,
            "url.full": url,
            "network.protocol.version": "1.1",
        }
        return attributes | ({"http.response.status_code": status} if status else {})
    attributes = {
        "http.method": method,
        "http.url": url,
        "net.peer.name": parts.hostname,
        "net.peer.port": port,
        "http.flavor": "1.1",
    }
    return attributes | ({"http.status_code": status} if status else {})


def http_server(method, route, *, target="", status=200, stable=False, scope):
    """A request as the service that answers it sees it."""
    target = target or route
    if stable:
        attributes = {
            "http.request.method": method,
            "url.scheme": "http",
            "url.path": target.partition("?")[0],
            "http.route": route,
            "http.response.status_code": status,
            "client.address": "10.4.0.17",
            "network.protocol.version": "1.1",
        }
    else:
        attributes = {
            "http.method": method,
            "http.scheme": "http",
            "http.target": target,
            "http.route": route,
            "http.status_code": status,
            "net.host.port": 8000,
            "net.peer.ip": "10.4.0.17",
            "http.flavor": "1.1",
        }
    return Op(f"{method} {route}", SERVER, attributes, scope)


def first_word(sql):
    """What most instrumentations name a query after."""
    return sql.split(None, 1)[0].upper()


def client(name, attributes, scope):
    """A call to something else."""
    return Op(name, CLIENT, attributes, scope)
