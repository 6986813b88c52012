"""Adds columns where they are missing. Right: asks the catalogue about each table; there is no other way."""

WANTED = {
    "customers": {"phone": "TEXT"},
    "orders": {"shipped_on": "TEXT", "status": "TEXT"},
    "products": {"weight": "INTEGER"},
    "devices": {"site": "TEXT"},
    "posts": {"slug": "TEXT"},
}


def columns(conn, table):
    return {row["name"] for row in conn.execute(f"PRAGMA table_info({table})")}


def migrate(conn):
    changes = []
    for table, wanted in WANTED.items():
        present = columns(conn, table)
        for column, kind in wanted.items():
            if column not in present:
                conn.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
                changes.append(f"{table}.{column}")
    return changes


def main(world):
    assert len(migrate(world.conn)) == 4
    kinds = world.conn.execute("SELECT type, count(*) FROM sqlite_master GROUP BY type").fetchall()
    assert kinds
