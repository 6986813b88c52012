"""Stores orders of a web form: INSERT with RETURNING for each of them, to learn its number."""

ORDERS = [(3, 1200), (5, 450), (3, 990), (9, 125), (11, 3000)]


def store(conn, orders):
    numbers = []
    with conn.transaction():
        for customer_id, cents in orders:
            row = conn.execute(  # expect: PK105
                "INSERT INTO orders (customer_id, status, total_cents) VALUES (%s, 'new', %s) RETURNING id",
                (customer_id, cents),
            ).fetchone()
            numbers.append(row[0])
    return numbers


def main(world):
    assert len(set(store(world.conn, ORDERS))) == 5
