"""Works out postage for orders: the same table of rules is read every time."""

from itertools import islice


class Postage:
    def __init__(self, conn):
        self.conn = conn

    def bands(self):
        rows = self.conn.execute("SELECT key, value FROM settings WHERE key LIKE 'v%' OR key = 'page_size'")
        return dict(rows.fetchall())

    def of(self, cents):
        bands = self.bands()
        return int(bands["page_size"]) * 10 if cents < 5000 else 0


def parcels(conn):
    postage = Postage(conn)
    orders = iter(conn.execute("SELECT id, total_cents FROM orders ORDER BY id").fetchall())
    while batch := list(islice(orders, 10)):
        yield [(order["id"], postage.of(order["total_cents"])) for order in batch]  # expect: PK103


def main(world):
    assert sum(len(batch) for batch in parcels(world.conn)) == 40
