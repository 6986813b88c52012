"""Reads rates from a table and a service. Right: the first answer for each of two currencies is kept."""

import sqlite3
from functools import cache

import requests

AMOUNTS = [(amount, "USD" if amount % 3 else "SEK") for amount in range(100, 130)]


def rates(database, session, base):
    @cache
    def rate(currency):
        row = database.execute("SELECT value FROM rates WHERE currency = ?", (currency,)).fetchone()
        if row:
            return row[0]
        return session.get(f"{base}/rates", params={"of": currency}, timeout=5).json()["value"]

    return rate


def main(world):
    database = sqlite3.connect(":memory:")
    with database:
        database.execute("CREATE TABLE rates (currency TEXT PRIMARY KEY, value REAL)")
        database.execute("INSERT INTO rates VALUES ('SEK', 11.5)")
    with requests.Session() as session:
        rate = rates(database, session, world.url)
        total = sum(amount * rate(currency) for amount, currency in AMOUNTS)
    database.close()
    assert total > 0
