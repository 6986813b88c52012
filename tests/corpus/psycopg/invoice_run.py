"""A run of invoices: takes each order's items with a query of its own, through a generator."""

from dataclasses import dataclass, field

from psycopg.rows import class_row


@dataclass
class Order:
    id: int
    customer_id: int
    items: list = field(default_factory=list)


def orders(conn, status):
    with conn.cursor(row_factory=class_row(Order)) as cursor:
        return cursor.execute("SELECT id, customer_id FROM orders WHERE status = %s", (status,)).fetchall()


def with_items(conn, found):
    for order in found:
        order.items = conn.execute(  # expect: PK101
            "SELECT product_id, qty FROM items WHERE order_id = %(order)s ORDER BY id", {"order": order.id}
        ).fetchall()
        yield order


def main(world):
    invoices = list(with_items(world.conn, orders(world.conn, "open")))
    assert all(invoice.items for invoice in invoices)
