"""Go, .NET, Ruby and Elixir."""

from tests.corpus.traces.building.recorder import CLIENT, INTERNAL, Op, Scope
from tests.corpus.traces.instrumentations import client, database, first_word, http_client, http_server

# Go

_OTELSQL = Scope("github.com/XSAM/otelsql", "0.36.0")
_OTELHTTP = Scope("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "0.58.0")


def go_http_in(method, route, **more):
    """Named by whoever wrapped the handler: here after the route alone."""
    return http_server(method, route, scope=_OTELHTTP, **more).but(name=route)


def go_http_out(method, url, status=200):
    return client(f"HTTP {method}", http_client(method, url, status), _OTELHTTP)


def otelsql(method, sql="", db="shop", host="pg", *, stable=False):
    """``sql.conn.query``, ``sql.rows``, ``sql.connector.connect`` and so on; only some have a statement."""
    attributes = database("postgresql", db, host, stable=stable)
    if sql:
        attributes["db.query.text" if stable else "db.statement"] = sql
    return client(method, attributes, _OTELSQL)


def gorm(operation, sql, table):
    """The statement with its values filled in."""
    attributes = {
        "db.system": "postgresql",
        "db.statement": sql,
        "db.operation": first_word(sql).lower(),
        "db.sql.table": table,
        "db.rows_affected": 1,
    }
    return client(f"gorm.{operation}", attributes, Scope("gorm.io/plugin/opentelemetry", "0.1.8"))


# .NET

_EF_CORE = Scope("OpenTelemetry.Instrumentation.EntityFrameworkCore", "1.0.0-beta.12")
_SQL_CLIENT = Scope("OpenTelemetry.Instrumentation.SqlClient", "1.9.0-beta.1")


def aspnet(method, route, **more):
    return http_server(method, route, stable=True, scope=Scope("Microsoft.AspNetCore", ""), **more)


def ef_core(sql="", db="Shop"):
    """Named after the database; the text is told only where that was asked for."""
    attributes = {
        "db.system": "mssql",
        "db.name": db,
        "peer.service": "sql01,1433",
        "db.statement_type": "Text",
    }
    return client(db, attributes | ({"db.statement": sql} if sql else {}), _EF_CORE)


def sql_client(sql, db="Shop"):
    attributes = {"db.system": "mssql", "db.name": db, "peer.service": "sql01,1433", "db.statement": sql}
    return client(db, attributes, _SQL_CLIENT)


def dotnet_http(method, url, status=200):
    """Since .NET 9 the query of a URL is told as ``*``."""
    shown = url.partition("?")[0] + ("?*" if "?" in url else "")
    return client(method, http_client(method, shown, status, stable=True), Scope("System.Net.Http", ""))


# Ruby


def rails(method, route, **more):
    return http_server(method, route, scope=Scope("OpenTelemetry::Instrumentation::Rack", "0.25.0"), **more)


def active_record(name):
    """``Comment query``, ``User.transaction``."""
    return Op(name, INTERNAL, {}, Scope("OpenTelemetry::Instrumentation::ActiveRecord", "0.8.1"))


def ruby_pg(sql, db="blog", *, prepared=True):
    """Prepared statements are told as EXECUTE; literals are masked with ``?``."""
    attributes = database("postgresql", db, "pg.internal", db__user="rails")
    attributes |= {"db.operation": "EXECUTE" if prepared else first_word(sql), "db.statement": sql}
    if prepared:
        attributes["db.postgresql.prepared_statement_name"] = "a7"
    scope = Scope("OpenTelemetry::Instrumentation::PG", "0.29.1")
    return client(f"{attributes['db.operation']} {db}", attributes, scope)


# Elixir


def ecto(sql, source, repo="shop.repo"):
    attributes = {
        "db.instance": "shop_prod",
        "db.name": "shop_prod",
        "db.system": "postgresql",
        "db.statement": sql,
        "db.type": "sql",
        "db.url": "ecto://db.internal",
        "source": source,
        "queue_time_microseconds": 41,
        "query_time_microseconds": 903,
        "decode_time_microseconds": 12,
    }
    return Op(f"{repo}.query:{source}", CLIENT, attributes, Scope("opentelemetry_ecto", "1.2.0"))


def phoenix(method, route, **more):
    return http_server(method, route, scope=Scope("opentelemetry_cowboy", "0.3.0"), **more)
