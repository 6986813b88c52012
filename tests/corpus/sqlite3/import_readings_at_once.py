"""Stores the measurements of a day. Right: executemany in one transaction, in blocks as the file is read."""

from itertools import islice

STATEMENT = "INSERT INTO readings (device_id, taken_at, value) VALUES (?, ?, ?)"


def measurements():
    for day in range(1, 29):
        for device in range(1, 11):
            yield device, f"2024-07-{day:02}", device * day


def load(conn, rows, block=100):
    with conn:
        while part := list(islice(rows, block)):
            conn.executemany(STATEMENT, part)


def main(world):
    load(world.conn, measurements())
    assert world.conn.execute("SELECT count(*) FROM readings").fetchone()[0] == 400
