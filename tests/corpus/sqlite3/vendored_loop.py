"""Names of an order's products by an installed helper that loops by itself: its call is what to edit."""

from tests.corpus._vendored import load

dbkit = load()

BY_ID = "SELECT name FROM products WHERE id = ?"


def product_names(conn, order_ids):
    marks = ",".join("?" * len(order_ids))
    rows = conn.execute(f"SELECT DISTINCT product_id FROM items WHERE order_id IN ({marks})", order_ids)
    found = dbkit.one_by_one(conn, BY_ID, [row["product_id"] for row in rows])  # expect: PK101
    return sorted(row["name"] for row in found)


def main(world):
    assert len(product_names(world.conn, [1, 2, 3, 5, 8])) > 3
