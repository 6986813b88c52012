"""Reads what is newer than the last thing read. Right: each request starts behind the answer before."""

import httpx


class Journal:
    def __init__(self, client):
        self.client = client
        self.last_id = 0

    def __iter__(self):
        while True:
            params = {"after_id": self.last_id, "limit": 25, "sort": "id"}
            rows = self.client.get("/orders", params=params).json()["data"]
            if not rows:
                return
            self.last_id = rows[-1]["id"]
            yield from rows


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert len(list(Journal(client))) == 80
