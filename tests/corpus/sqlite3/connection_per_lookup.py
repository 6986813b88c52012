"""Fills in the names of products: opens the database anew for each article."""

import sqlite3
from contextlib import closing

ARTICLES = ["SKU-0003", "SKU-0008", "SKU-0013", "SKU-0021", "SKU-0027"]


def name_of(path, sku):
    with closing(sqlite3.connect(path)) as conn:  # expect: PK401
        row = conn.execute("SELECT name FROM products WHERE sku = ?", (sku,)).fetchone()
    return row[0] if row else sku


def names(path, articles):
    found = {}
    for sku in articles:
        found[sku] = name_of(path, sku)  # expect: PK101
    return found


def main(world):
    assert names(world.path, ARTICLES)["SKU-0003"] == "product 3"
