"""Joins orders and users in the program: for each order a call for it and one for its user."""

import requests


class Shop:
    def __init__(self, session, base):
        self._session, self._base = session, base

    def fetch(self, kind, number):
        return self._session.get(f"{self._base}/{kind}/{number}", timeout=5).json()


def joined(shop, numbers):
    rows = []
    for number in numbers:
        order = shop.fetch("orders", number)  # expect: PK106
        user = shop.fetch("users", order["user_id"])
        rows.append((order["total"], user["email"]))
    return rows


def main(world):
    with requests.Session() as session:
        assert len(joined(Shop(session, world.url), range(11, 18))) == 7
