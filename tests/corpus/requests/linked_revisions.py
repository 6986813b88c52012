"""Walks through the revisions of a page from the newest on. Right: each names the one before it."""

import requests


class Wiki:
    def __init__(self, session, base):
        self.session, self.base = session, base

    def revision(self, number):
        response = self.session.get(f"{self.base}/users/{number}", timeout=5)
        response.raise_for_status()
        return response.json()

    def history(self, newest):
        current = newest
        while current is not None:
            revision = self.revision(current)
            yield revision["id"]
            current = revision["manager_id"] or None


def main(world):
    with requests.Session() as session:
        assert list(Wiki(session, world.url).history(40)) == [40, 20, 10, 5, 2, 1]
