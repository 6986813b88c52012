"""Prints who ordered what. Right: one query with a join, however many orders there are."""


def report(conn, status):
    cursor = conn.execute(
        "SELECT o.id, c.name, o.total_cents FROM orders o JOIN customers c ON c.id = o.customer_id"
        " WHERE o.status = ? ORDER BY o.id",
        (status,),
    )
    for order_id, name, cents in cursor:
        yield f"{order_id:6} {name:20} {cents / 100:8.2f}"


def main(world):
    return "\n".join(report(world.conn, "open"))
