"""Stores a price list through an installed helper. Right: the helper hands all rows to the driver at once."""

from tests.corpus._vendored import load

dbkit = load()


def update_prices(conn, prices):
    dbkit.execute_values(
        conn, "UPDATE products SET price_cents = ? WHERE sku = ?", [(c, s) for s, c in prices.items()]
    )
    conn.commit()


def main(world):
    update_prices(world.conn, {f"SKU-{n:04}": n * 90 for n in range(1, 31)})
    (cheapest,) = world.conn.execute("SELECT min(price_cents) FROM products").fetchone()
    assert cheapest == 90
