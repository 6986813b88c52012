"""Imports rows of a file; the list of currencies is fetched for each row that must be checked."""

import requests

ROWS = ["100;EUR", "250;USD", "80;EUR", "12;SEK", "77;EUR"]


class Importer:
    def __init__(self, base):
        self.base = base
        self.http = requests.Session()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.http.close()

    def known(self, currency):
        response = self.http.get(f"{self.base}/currencies/all", timeout=5)
        return response.ok and len(currency) == 3

    def parse(self, row):
        amount, currency = row.split(";")
        return int(amount), currency

    def run(self, rows):
        done = 0
        for row in rows:
            amount, currency = self.parse(row)
            if self.known(currency):  # expect: PK104
                done += amount > 0
        return done


def main(world):
    with Importer(world.url) as importer:
        assert importer.run(ROWS) == 5
