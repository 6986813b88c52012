"""Stores a job while another connection writes. Right: tries again after "database is locked" errors."""

import sqlite3
import time
from contextlib import closing

ATTEMPTS = 6


def store(conn, payload):
    for attempt in range(ATTEMPTS):
        try:
            conn.execute("INSERT INTO jobs (state, payload) VALUES ('queued', ?)", (payload,))
            conn.commit()
            return attempt
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.002)
    raise TimeoutError(f"{payload}: the database was locked {ATTEMPTS} times")


class Blocker:
    """Holds the database until it has been asked for it a few times."""

    def __init__(self, path):
        self.conn = sqlite3.connect(path, timeout=0, isolation_level=None)
        self.conn.execute("BEGIN IMMEDIATE")

    def release(self):
        self.conn.execute("ROLLBACK")
        self.conn.close()


def main(world):
    blocker = Blocker(world.path)
    real_sleep, left = time.sleep, [4]

    def sleep(seconds):
        left[0] -= 1
        if not left[0]:
            blocker.release()
        real_sleep(seconds)

    with closing(sqlite3.connect(world.path, timeout=0)) as conn:
        time.sleep = sleep
        try:
            assert store(conn, "reindex") == 4
        finally:
            time.sleep = real_sleep
