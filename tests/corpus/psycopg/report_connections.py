"""A report whose figures come from a class that connects for each query; the figures differ."""

import psycopg


class Database:
    def __init__(self, dsn):
        self.dsn = dsn

    def value(self, statement):
        with psycopg.connect(self.dsn) as conn:  # expect: PK401
            return conn.execute(statement).fetchone()[0]


class Report:
    def __init__(self, database):
        self.database = database

    @property
    def revenue(self):
        return self.database.value("SELECT sum(total_cents) FROM orders")

    @property
    def best_customer(self):
        statement = "SELECT customer_id FROM orders GROUP BY 1 ORDER BY sum(total_cents) DESC LIMIT 1"
        return self.database.value(statement)

    @property
    def open_orders(self):
        return self.database.value("SELECT count(*) FROM orders WHERE status = 'open'")

    @property
    def stock(self):
        return self.database.value("SELECT sum(stock) FROM products")


def main(world):
    report = Report(Database(world.dsn))
    return {name: getattr(report, name) for name in ("revenue", "best_customer", "open_orders", "stock")}
