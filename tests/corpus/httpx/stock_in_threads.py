"""Spreads the look-up of articles over a pool of threads that share a client."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx


def stock(client, sku):
    return client.get(f"/stock/{sku}").json()["value"]  # expect: PK102


def main(world):
    skus = [f"SKU-{n}" for n in range(1010, 1022)]
    with httpx.Client(base_url=world.url, verify=world.tls) as client, ThreadPoolExecutor(4) as pool:
        total = sum(pool.map(partial(stock, client), skus))
    assert total == 7 * len(skus)
