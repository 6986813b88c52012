"""Compares an item in stock with one that is sold out. Right: two calls are no loop."""

import requests


def amount(session, base, sku):
    return session.get(f"{base}/stock/{sku}", timeout=5).json()["value"]


def main(world):
    with requests.Session() as session:
        here, there = (amount(session, world.url, sku) for sku in ("SKU-1001", "SKU-1002"))
    assert here == there
