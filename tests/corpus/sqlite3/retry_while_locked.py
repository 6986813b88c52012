"""Stores a job while another connection writes. Right: tries again after "database is locked" errors."""

import sqlite3
import time
from contextlib import closing

ATTEMPTS = 6


def store(conn, payload, wait=time.sleep):
    for attempt in range(ATTEMPTS):
        try:
            conn.execute("INSERT INTO jobs (state, payload) VALUES ('queued', ?)", (payload,))
            conn.commit()
            return attempt
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            wait(0.002)
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
    pauses = []

    def wait(seconds):
        pauses.append(seconds)
        if len(pauses) == 4:
            blocker.release()
        time.sleep(seconds)

    with closing(sqlite3.connect(world.path, timeout=0)) as conn:
        assert store(conn, "reindex", wait) == 4
