"""Reads a listing with httpx.get: each page opens a connection of its own."""

import httpx


def orders(base, tls):
    page = 1
    while True:
        response = httpx.get(f"{base}/orders", params={"page": page}, verify=tls)  # expect: PK401
        body = response.json()
        yield from body["data"]
        if not body["has_more"]:
            break
        page += 1


def main(world):
    assert sum(1 for _ in orders(world.url, world.tls)) == 80
