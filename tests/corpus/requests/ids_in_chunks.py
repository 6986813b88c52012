"""Reads orders by number. Right: in chunks of thirty, as many as fit in a URL."""

from itertools import islice

import requests


def chunked(values, size):
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def orders(session, base, numbers):
    for chunk in chunked(numbers, 30):
        ids = ",".join(str(number) for number in chunk)
        yield from session.get(f"{base}/orders", params={"ids": ids}, timeout=5).json()["data"]


def main(world):
    with requests.Session() as session:
        assert len(list(orders(session, world.url, range(1, 81)))) == 80
