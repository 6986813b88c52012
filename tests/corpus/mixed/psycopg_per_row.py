"""Connects to the database anew for each row that a service has sent."""

import psycopg
import requests

UPSERT = """
INSERT INTO products (sku, name, price, stock) VALUES (%(sku)s, %(name)s, %(price)s, 0)
ON CONFLICT (sku) DO UPDATE SET price = excluded.price
"""


class Store:
    def __init__(self, dsn):
        self.dsn = dsn

    def save(self, item):
        with psycopg.connect(self.dsn) as connection:  # expect: PK401
            connection.execute(UPSERT, item)


def main(world):
    store = Store(world.dsn)
    with requests.Session() as session:
        items = session.get(f"{world.url}/items", params={"limit": 8}, timeout=5).json()["data"]
    for item in items:
        store.save(item)  # expect: PK105
