"""Counts the rows of each table for a health page; every count has a connection of its own."""

import sqlite3

TABLES = ("customers", "orders", "products", "events", "jobs")


def counts(path):
    result = {}
    for table in TABLES:
        conn = sqlite3.connect(path)  # expect: PK401
        try:
            result[table] = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        finally:
            conn.close()
    return result


def main(world):
    assert counts(world.path)["products"] == 30
