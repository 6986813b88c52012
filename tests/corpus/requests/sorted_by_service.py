"""Sorts articles by a figure that the key function fetches, article by article."""

import requests


class Scores:
    def __init__(self, session, base):
        self.session = session
        self.base = base

    def of(self, sku):
        return self.session.get(f"{self.base}/reviews/{sku}", timeout=5).json()["value"]


def ranking(scores, skus):
    return sorted(skus, key=scores.of, reverse=True)  # expect: PK102


def main(world):
    with requests.Session() as session:
        skus = [f"SKU-{n}" for n in (1008, 1003, 1005, 1001)]
        assert len(ranking(Scores(session, world.url), skus)) == 4
