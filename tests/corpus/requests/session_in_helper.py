"""A helper makes a session for each call; two loops use it."""

import requests


def api(base, path, **params):
    with requests.Session() as session:
        response = session.get(base + path, params=params, timeout=5)  # expect: PK401
        response.raise_for_status()
        return response.json()


def reviews(base, skus):
    for sku in skus:
        yield api(base, f"/reviews/{sku}")["value"]  # expect: PK102


def categories(base, names):
    return [api(base, f"/categories/{name}") for name in names]  # expect: PK102


def main(world):
    assert sum(reviews(world.url, ["SKU-1001", "SKU-1002", "SKU-1003", "SKU-1004"])) == 28
    assert len(categories(world.url, ["lamps-2", "chairs-5", "tables-9"])) == 3
