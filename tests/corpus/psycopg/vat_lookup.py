"""Prices a basket with tax: reads the percentage again for each line, by a closure."""

BASKET = [("SKU-0001", 2), ("SKU-0002", 1), ("SKU-0003", 4), ("SKU-0004", 1)]


def make_tax(conn):
    def tax(cents):
        row = conn.execute("SELECT value FROM settings WHERE key = 'vat_percent'").fetchone()
        return cents * int(row[0]) // 100

    return tax


def total(prices, basket, tax):
    cents = 0
    for sku, qty in basket:
        net = prices[sku] * qty
        cents += net + tax(net)  # expect: PK103
    return cents


def main(world):
    prices = dict(world.conn.execute("SELECT sku, price_cents FROM products").fetchall())
    assert total(prices, BASKET, make_tax(world.conn)) > 0
