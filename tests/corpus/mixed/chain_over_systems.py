"""Goes from a row to a service and back. Right: each step needs the one before."""

import psycopg
import requests


def supplier_city(connection, session, base, order):
    (customer,) = connection.execute("SELECT customer_id FROM orders WHERE id = %s", (order,)).fetchone()
    user = session.get(f"{base}/users/{customer}", timeout=5).json()
    company = session.get(f"{base}/companies/{user['company_id']}", timeout=5).json()
    parameters = (company["address_id"] % 5 + 1,)
    return connection.execute("SELECT country FROM companies WHERE id = %s", parameters).fetchone()[0]


def main(world):
    with psycopg.connect(world.dsn) as connection, requests.Session() as session:
        assert supplier_city(connection, session, world.url, 17) == "LV"
