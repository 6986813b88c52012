"""Loads the items of an order. Right: one request, with the key repeated for each item."""

import httpx


def items(client, order):
    numbers = sorted({line["item_id"] for line in order["lines"]})
    response = client.get("/items", params=[("id", number) for number in numbers])
    return {item["id"]: item for item in response.json()["data"]}


def main(world):
    order = {"lines": [{"item_id": n, "quantity": 1} for n in (5, 3, 5, 8, 13)]}
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert sorted(items(client, order)) == [3, 5, 8, 13]
