"""Orders a report and waits for it, synchronously. Right: it sleeps between the questions."""

import time

import httpx


class Report:
    def __init__(self, client):
        self.client = client
        self.number = client.post("/jobs", json={"kind": "report"}).json()["id"]

    @property
    def is_ready(self):
        return self.client.get(f"/jobs/{self.number}").json()["state"] == "done"

    def wait(self, interval_s=0.01, patience=20):
        for _ in range(patience):
            if self.is_ready:
                return self
            time.sleep(interval_s)
        raise TimeoutError(self.number)


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert Report(client).wait().number > 1000
