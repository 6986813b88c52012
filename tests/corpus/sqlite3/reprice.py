"""Raises prices by rules in Python: an UPDATE for each product, taken from a work list."""

from collections import deque


def rounded(cents):
    return (cents + 49) // 50 * 50 - 1


def reprice(conn):
    waiting = deque(conn.execute("SELECT id, price_cents FROM products WHERE category_id < 9").fetchall())
    changed = 0
    while waiting:
        product_id, cents = waiting.popleft()
        wanted = rounded(cents * 103 // 100)
        if wanted != cents:
            cursor = conn.execute(  # expect: PK105
                "UPDATE products SET price_cents = ? WHERE id = ?", (wanted, product_id)
            )
            changed += cursor.rowcount
    conn.commit()
    return changed


def main(world):
    assert reprice(world.conn) > 3
