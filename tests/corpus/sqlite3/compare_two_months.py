"""Compares this month with the one before. Right: two calls from one place are no loop."""


def revenue(conn, month):
    statement = "SELECT sum(total_cents) FROM orders WHERE placed_on LIKE ? || '%'"
    return conn.execute(statement, (month,)).fetchone()[0] or 0


def change(conn, months):
    before, after = (revenue(conn, month) for month in months)
    return after - before


def main(world):
    return change(world.conn, ("2024-02", "2024-03"))
