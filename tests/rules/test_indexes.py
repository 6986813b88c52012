import sqlite3

import psycopg
import pytest

from perfkit.rules.indexes import columns, create, create_for_parts, create_on_call
from tests.postgres import postgres


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"equal": ["a", "b"]}, ["a", "b"]),
        ({"equal": ["a", "b", "c"], "distinct": {"a": 3, "b": 9, "c": 3}}, ["b", "a", "c"]),
        ({"equal": ["a"], "null": ["b"], "range": ["c", "d"], "sort": ["e"]}, ["a", "b", "c"]),
        ({"equal": ["a"], "sort": ["-b", "c"]}, ["a", "-b", "c"]),
        ({"equal": ["a"], "sort": ["-b", "-c"]}, ["a", "b", "c"]),
        ({"sort": ["b", "-c"]}, ["b", "-c"]),
        ({"range": ["a"], "sort": ["b"]}, ["a"]),
        ({"equal": ["a"], "range": ["a"]}, ["a"]),
        ({"sort": ["a"]}, ["a"]),
        ({"joined": ["a"]}, ["a"]),
        ({"equal": ["b"], "joined": ["a"]}, ["b"]),
        ({"like": ["a"], "call": [["lower", "b"]], "any": ["c", "d"], "condition": True}, []),
    ],
)
def test_equality_then_a_range_or_else_the_order(entry, expected):
    assert columns(entry) == expected


STATEMENTS = {
    ("orders", ("task_id", "status")): "(task_id, status)",
    ("orders", ("task_id", "-created", "id")): "(task_id, created DESC, id)",
    ("Order", ("key", "some thing")): '("key", "some thing")',
}


@pytest.mark.parametrize(("asked", "listed"), STATEMENTS.items())
def test_the_statement(asked, listed):
    table, wanted = asked
    name = "orders" if table == "orders" else '"Order"'
    assert create("postgresql", table, list(wanted)) == f"CREATE INDEX ON {name} {listed}"
    made = create("sqlite", table, list(wanted))
    assert made.startswith("CREATE INDEX ")
    assert made.endswith(f" ON {name} {listed}")


def test_names_with_schemas():
    assert create("postgresql", "shop.orders", ["a"]) == "CREATE INDEX ON shop.orders (a)"
    assert create("sqlite", "main.orders", ["a"]) == "CREATE INDEX main.orders_a ON orders (a)"


@pytest.mark.parametrize("table", ["orders", "Order", 'od"d name'])
def test_the_databases_take_them(table):
    name = '"' + table.replace('"', '""') + '"'
    wanted = ["key", "-created", "select"]
    lite = sqlite3.connect(":memory:")
    for place, system in ((lite, "sqlite"), (psycopg.connect(postgres()), "postgresql")):
        place.execute(f'CREATE TABLE {name} ("key" text, created text, "select" text)')
        place.execute(create(system, table, wanted))
        place.execute(create_on_call(system, table, "lower", "key"))
        if system == "sqlite":
            place.execute(create_for_parts(system, table, "key").rpartition(": ")[2])
        place.rollback()
        place.close()


def test_what_serves_like():
    assert "pg_trgm" in create_for_parts("postgresql", "orders", "name")
    assert "orders USING gin (name gin_trgm_ops)" in create_for_parts("postgresql", "orders", "name")
    assert "FTS5" in create_for_parts("sqlite", "orders", "name")
