"""A generator fetches an order at a time for whoever reads from it."""

import csv
import io

import requests


def orders(session, base, numbers):
    for number in numbers:
        response = session.get(f"{base}/orders/{number}", timeout=5)  # expect: PK102
        if response.ok:
            yield response.json()


def main(world):
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "user_id", "item_id", "total", "status"])
    with requests.Session() as session:
        writer.writerows(orders(session, world.url, range(5, 12)))
    assert text.getvalue().count("\n") == 7
