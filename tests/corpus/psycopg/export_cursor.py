"""Exports all events. Right: a cursor on the server, read in parts of 200 rows."""

from collections import Counter


def events(conn):
    with conn.cursor(name="export") as cursor:
        cursor.itersize = 200
        cursor.execute("SELECT kind, day FROM events ORDER BY id")
        yield from cursor


def main(world):
    counts = Counter(kind for kind, _ in events(world.conn))
    assert counts == {"view": 400, "click": 400, "buy": 400}
