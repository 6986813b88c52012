"""Formats prices with settings. Right: a dictionary keeps what was read, so each setting is read once."""

_CACHE = {}


def setting(conn, key):
    if key not in _CACHE:
        row = conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        _CACHE[key] = row["value"]
    return _CACHE[key]


def price(conn, cents):
    return f"{cents / 100:.2f} {setting(conn, 'currency')} ({setting(conn, 'vat_percent')} %)"


def main(world):
    _CACHE.clear()
    cents = [row["price_cents"] for row in world.conn.execute("SELECT price_cents FROM products")]
    return [price(world.conn, each) for each in cents]
