"""Prints who ordered what: asks for the customer of each order."""


def open_orders(conn):
    return conn.execute("SELECT id, customer_id, total_cents FROM orders WHERE status = 'open'").fetchall()


def report(conn):
    lines = []
    for order in open_orders(conn):
        customer = conn.execute(  # expect: PK101
            "SELECT name, email FROM customers WHERE id = ?", (order["customer_id"],)
        ).fetchone()
        lines.append(f"{order['id']:6} {customer['name']:20} {order['total_cents'] / 100:8.2f}")
    return lines


def main(world):
    return "\n".join(report(world.conn))
