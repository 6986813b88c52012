"""Cards for a kanban board: for each order its customer and then its number of lines."""


def card(conn, order):
    (customer,) = conn.execute(
        "SELECT name FROM customers WHERE id = ?",
        (order["customer_id"],),
    ).fetchone()
    (lines,) = conn.execute("SELECT count(*) FROM items WHERE order_id = ?", (order["id"],)).fetchone()
    return {"title": f"{customer} ({lines})", "state": order["status"]}


def board(conn):
    orders = conn.execute("SELECT id, customer_id, status FROM orders ORDER BY id DESC LIMIT 10").fetchall()
    columns = {}
    for order in orders:
        columns.setdefault(order["status"], []).append(card(conn, order))  # expect: PK106
    return columns


def main(world):
    return board(world.conn)
