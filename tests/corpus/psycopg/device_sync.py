"""Writes the last value of each device back: an UPDATE and a commit for every one."""

from functools import partial


def last_values(conn):
    return conn.execute(
        "SELECT DISTINCT ON (device_id) device_id, value FROM readings ORDER BY device_id, taken_at DESC"
    ).fetchall()


def write(conn, device_id, value):
    conn.execute("UPDATE devices SET last_value = %s WHERE id = %s", (value, device_id))
    conn.commit()


def sync(conn, save):
    for device_id, value in last_values(conn):
        save(device_id, value)  # expect: PK105


def main(world):
    sync(world.conn, partial(write, world.conn))
    assert world.conn.execute("SELECT count(last_value) FROM devices").fetchone()[0] == 10
