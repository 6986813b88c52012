"""Prices of a catalogue page by a pool of threads: each task asks for one product.

The threads have nothing but the task on their stack: the line is the query in it.
"""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor


class Catalogue:
    def __init__(self, path):
        self._path = path
        self._local = threading.local()
        self._opened = []

    def _connection(self):
        if not hasattr(self._local, "conn"):
            self._local.conn = sqlite3.connect(self._path, check_same_thread=False)
            self._opened.append(self._local.conn)
        return self._local.conn

    def price(self, product_id):
        statement = "SELECT price_cents FROM products WHERE id = ?"
        cursor = self._connection().execute(statement, (product_id,))  # expect: PK101
        return cursor.fetchone()[0]

    def close(self):
        for conn in self._opened:
            conn.close()


def main(world):
    catalogue = Catalogue(world.path)
    with ThreadPoolExecutor(max_workers=2) as pool:
        prices = list(pool.map(catalogue.price, range(1, 21)))
    catalogue.close()
    assert len(prices) == 20
