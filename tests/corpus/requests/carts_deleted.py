"""Deletes old orders one by one; an instrumented session counts what it sends."""

import requests


class Counting(requests.Session):
    def __init__(self):
        super().__init__()
        self.sent = 0

    def request(self, method, url, **options):
        self.sent += 1
        options.setdefault("timeout", 5)
        return super().request(method, url, **options)


class Cleaner:
    def __init__(self, session, base):
        self.session, self.base = session, base

    def drop(self, number):
        return self.session.delete(f"{self.base}/orders/{number}").status_code == 204

    def run(self, numbers):
        dropped = 0
        for number in numbers:
            dropped += self.drop(number)  # expect: PK102
        return dropped


def main(world):
    with Counting() as session:
        session.get(f"{world.url}/health")
        assert Cleaner(session, world.url).run(range(60, 68)) == 8
        assert session.sent == 9
