"""A pool of connections that are opened and tried beforehand. Right: "SELECT 1" is once for each."""

import queue
import sqlite3
from contextlib import contextmanager


class Pool:
    def __init__(self, path, size):
        self._free = queue.LifoQueue()
        for _ in range(size):
            conn = sqlite3.connect(path, check_same_thread=False)
            conn.execute("SELECT 1").fetchone()
            self._free.put(conn)

    @contextmanager
    def connection(self):
        conn = self._free.get()
        try:
            yield conn
        finally:
            self._free.put(conn)

    def close(self):
        while not self._free.empty():
            self._free.get().close()


def main(world):
    pool = Pool(world.path, 4)
    with pool.connection() as conn:
        busiest = conn.execute(
            "SELECT user_id, count(*) FROM events GROUP BY user_id ORDER BY 2 DESC"
        ).fetchone()
    pool.close()
    return busiest
