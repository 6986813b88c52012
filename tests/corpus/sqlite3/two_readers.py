"""A page whose header and whose footer both show the currency. Right: two equal queries, from two places."""


def header(conn):
    currency = conn.execute("SELECT value FROM settings WHERE key = ?", ("currency",)).fetchone()[0]
    return f"All prices in {currency}"


def rows(conn):
    return [row["name"] for row in conn.execute("SELECT name FROM products ORDER BY name LIMIT 5")]


def footer(conn):
    currency = conn.execute("SELECT value FROM settings WHERE key = ?", ("currency",)).fetchone()[0]
    locale = conn.execute("SELECT value FROM settings WHERE key = ?", ("locale",)).fetchone()[0]
    return f"{locale}/{currency}"


def page(conn):
    return "\n".join([header(conn), *rows(conn), footer(conn)])


def main(world):
    return page(world.conn)
