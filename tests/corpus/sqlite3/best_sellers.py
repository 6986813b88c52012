"""Sorts products by what was sold of them: the sort key is a query."""


def sold(conn, product_id):
    (total,) = conn.execute(
        "SELECT coalesce(sum(qty), 0) FROM items WHERE product_id = ?", (product_id,)
    ).fetchone()
    return total


def best_sellers(conn, category_id):
    products = conn.execute(
        "SELECT id, name FROM products WHERE category_id IN (?, ?)", (category_id, category_id + 1)
    ).fetchall()
    return sorted(
        products,
        key=lambda product: sold(conn, product["id"]),  # expect: PK101
        reverse=True,
    )


def main(world):
    assert len(best_sellers(world.conn, 6)) > 3
