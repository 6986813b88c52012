"""Loads profiles in a pool of threads through a client with a method for every call."""

from concurrent.futures import ThreadPoolExecutor, as_completed

import requests


class Client:
    def __init__(self, base):
        self.base = base
        self.http = requests.Session()

    def _call(self, method, path, **options):
        response = self.http.request(method, self.base + path, timeout=5, **options)
        response.raise_for_status()
        return response.json()

    def team(self):
        return self._call("GET", "/users", params={"limit": 10})["data"]

    def settings(self, user):
        return self._call("GET", f"/users/{user['id']}/settings")  # expect: PK102

    def close(self):
        self.http.close()


def main(world):
    client = Client(world.url)
    with ThreadPoolExecutor(max_workers=3) as pool:
        jobs = [pool.submit(client.settings, user) for user in client.team()]
        found = [job.result() for job in as_completed(jobs)]
    client.close()
    assert len(found) == 10
