"""Sends a report to a service that says "too many requests" five times before it gives in."""

import time

import requests


class TooBusyError(Exception):
    pass


def post_until_accepted(session, url, report, attempts=10):
    for attempt in range(attempts):
        response = session.post(url, json=report, timeout=5)  # expect: PK402
        if response.status_code != requests.codes.too_many_requests:
            return response.json()
        time.sleep(0.002 * attempt)
    raise TooBusyError(url)


def main(world):
    with requests.Session() as session:
        url = f"{world.url}/limited/reports?fail=5"
        assert post_until_accepted(session, url, {"day": "2024-05-01"})["ok"]
