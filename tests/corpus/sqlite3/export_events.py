"""Writes the whole table into a file. Right: all rows are wanted, and they are read a block at a time."""

import csv
import io


def export(conn, file):
    cursor = conn.execute("SELECT id, kind, user_id, day FROM events ORDER BY id")
    writer = csv.writer(file)
    writer.writerow([column[0] for column in cursor.description])
    while rows := cursor.fetchmany(250):
        writer.writerows(rows)


def main(world):
    file = io.StringIO()
    export(world.conn, file)
    assert file.getvalue().count("\n") == 1201
