"""Writes the state of several invoices: a PUT for each, of which every one is another invoice."""

import httpx


class Invoices:
    def __init__(self, client):
        self.client = client

    def put(self, number, **fields):
        response = self.client.put(f"/orders/{number}", json=fields)
        response.raise_for_status()
        return response.json()["status"]


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        invoices = Invoices(client)
        for number in (61, 62, 63, 64):
            assert invoices.put(number, status="sent", remind=True) == "sent"  # expect: PK102
