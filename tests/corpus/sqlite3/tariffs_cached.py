"""Prints the tariff of each customer. Right: the look-up is cached, each tariff is read once."""

from functools import lru_cache


class Tariffs:
    def __init__(self, conn):
        self.conn = conn
        self.label = lru_cache(maxsize=None)(self._label)

    def _label(self, plan):
        row = self.conn.execute("SELECT count(*) FROM customers WHERE plan = ?", (plan,)).fetchone()
        return f"{plan} (one of {row[0]})"


def lines(conn):
    tariffs = Tariffs(conn)
    for customer in conn.execute("SELECT name, plan FROM customers").fetchall():
        yield f"{customer['name']}: {tariffs.label(customer['plan'])}"


def main(world):
    assert len(list(lines(world.conn))) == 24
