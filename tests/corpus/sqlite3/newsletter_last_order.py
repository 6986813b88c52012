"""Picks whom to write to: the latest order of each customer, one query with LIMIT 1 for each."""

from datetime import date, timedelta


def last_order_day(conn, customer_id):
    row = conn.execute(
        "SELECT placed_on FROM orders WHERE customer_id = ? ORDER BY placed_on DESC LIMIT 1", (customer_id,)
    ).fetchone()
    return row and date.fromisoformat(row[0])


def sleeping_customers(conn, today, days=60):
    ids = [row["id"] for row in conn.execute("SELECT id FROM customers WHERE plan = 'pro'")]
    last = {customer_id: last_order_day(conn, customer_id) for customer_id in ids}  # expect: PK101
    return [
        customer_id for customer_id, day in last.items() if day is None or today - day > timedelta(days=days)
    ]


def main(world):
    return sleeping_customers(world.conn, date(2024, 6, 30))
