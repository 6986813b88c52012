"""Reminders for unpaid orders. Right as it stands: there are none, and one question settles that."""


def unpaid(conn):
    (any_left,) = conn.execute("SELECT EXISTS (SELECT 1 FROM orders WHERE status = 'unpaid')").fetchone()
    if not any_left:
        return []
    return conn.execute("SELECT id, customer_id FROM orders WHERE status = 'unpaid'").fetchall()


def remind(conn, send):
    for order in unpaid(conn):
        customer = conn.execute(
            "SELECT email FROM customers WHERE id = ?", (order["customer_id"],)
        ).fetchone()
        send(customer["email"], order["id"])


def main(world):
    remind(world.conn, print)
