"""Adds up invoices of all tenants. Right: each has a schema of its own, chosen with search_path."""

from contextlib import contextmanager

from psycopg import sql

TENANTS = ("acme", "globex", "initech")


@contextmanager
def tenant(conn, name):
    with conn.transaction():
        conn.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(name)))
        yield conn


def revenue(conn, names):
    totals = {}
    for name in names:
        with tenant(conn, name):
            totals[name] = conn.execute("SELECT sum(cents) FROM invoices").fetchone()[0]
    return totals


def main(world):
    assert revenue(world.conn, TENANTS)["acme"] == 4500
