"""Keeps the articles that a service still has, with filter: a request for each article."""

import httpx


def make_check(client):
    def is_sold(number):
        return client.head(f"/items/{number}").status_code == 200

    return is_sold


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        sold = list(filter(make_check(client), [1, 5, 61, 62, 17]))  # expect: PK102
    assert sold == [1, 5, 17]
