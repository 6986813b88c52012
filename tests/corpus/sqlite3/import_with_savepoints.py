"""Imports deliveries, a broken one is undone by itself. Right: savepoints, each delivery's rows at once."""

import sqlite3

DELIVERIES = {
    "monday": [(201, "SKU-0201"), (202, "SKU-0202")],
    "tuesday": [(203, "SKU-0203"), (204, "SKU-0001")],
    "friday": [(205, "SKU-0205"), (206, "SKU-0206")],
}


def import_delivery(conn, name, rows):
    conn.execute(f"SAVEPOINT {name}")
    try:
        conn.executemany("INSERT INTO products (id, sku) VALUES (?, ?)", rows)
    except sqlite3.IntegrityError:
        conn.execute(f"ROLLBACK TO {name}")
        return 0
    conn.execute(f"RELEASE {name}")
    return len(rows)


def main(world):
    conn = sqlite3.connect(world.path, isolation_level=None)
    conn.execute("BEGIN")
    stored = {name: import_delivery(conn, name, rows) for name, rows in DELIVERIES.items()}
    conn.execute("COMMIT")
    conn.close()
    assert stored == {"monday": 2, "tuesday": 0, "friday": 2}
