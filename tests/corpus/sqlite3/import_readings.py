"""Stores the measurements of a day: one INSERT per line of a CSV file, in one transaction."""

import csv
import io

FILE = "\n".join(f"{device},2024-06-01,{device * 3}" for device in range(1, 11))


def parse(text):
    for device, day, value in csv.reader(io.StringIO(text)):
        yield int(device), day, int(value)


def load(conn, text):
    with conn:
        count = 0
        for device, day, value in parse(text):
            conn.execute(  # expect: PK105
                "INSERT INTO readings (device_id, taken_at, value) VALUES (?, ?, ?)", (device, day, value)
            )
            count += 1
    return count


def main(world):
    assert load(world.conn, FILE) == 10
