"""Shop prices with tax: reads the same setting again for each product."""


def setting(conn, key):
    row = conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return None if row is None else row["value"]


def gross(conn, cents):
    percent = int(setting(conn, "vat_percent"))
    return cents + cents * percent // 100


def price_list(conn):
    prices = {}
    for product in conn.execute("SELECT sku, price_cents FROM products ORDER BY sku").fetchall():
        prices[product["sku"]] = gross(conn, product["price_cents"])  # expect: PK103
    return prices


def main(world):
    assert len(price_list(world.conn)) == 30
