"""Downloads invoices with a session, one order at a time."""

import requests

OVERDUE = [14, 15, 21, 22, 48, 60, 71]


def download(session, base, number):
    response = session.get(f"{base}/orders/{number}/invoice", timeout=5)
    response.raise_for_status()
    return response.content


def main(world):
    size = 0
    with requests.Session() as session:
        session.headers["Accept"] = "application/json"
        for number in OVERDUE:
            size += len(download(session, world.url, number))  # expect: PK102
    assert size > 0
