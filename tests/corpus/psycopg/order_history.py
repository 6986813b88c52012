"""The history of customers: three questions about each of them, in turn."""


class History:
    def __init__(self, conn):
        self.cursor = conn.cursor()

    def one(self, statement, *values):
        return self.cursor.execute(statement, values).fetchone()[0]

    def lines(self, customer_ids):
        for customer_id in customer_ids:
            name = self.one("SELECT name FROM customers WHERE id = %s", customer_id)  # expect: PK106
            orders = self.one("SELECT count(*) FROM orders WHERE customer_id = %s", customer_id)
            events = self.one("SELECT max(day) FROM events WHERE user_id = %s AND kind = 'buy'", customer_id)
            yield f"{name}: {orders} orders, last seen {events}"


def main(world):
    assert len(list(History(world.conn).lines([2, 3, 5, 7, 11]))) == 5
