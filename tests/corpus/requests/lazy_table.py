"""A table that fetches a row when it is subscripted; a loop subscripts it."""

import requests


class Table:
    """Looks like a dictionary of all items."""

    def __init__(self, session, url):
        self._session, self._url = session, url

    def __getitem__(self, number):
        response = self._session.get(f"{self._url}/{number}", timeout=5)
        if not response.ok:
            raise KeyError(number)
        return response.json()


def value(items, basket):
    total = 0
    for number, amount in basket.items():
        total += items[number]["price"] * amount  # expect: PK102
    return total


def main(world):
    with requests.Session() as session:
        assert value(Table(session, f"{world.url}/items"), {3: 1, 4: 2, 9: 1, 30: 5}) > 0
