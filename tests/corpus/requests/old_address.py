"""Calls an address that has moved twice. Right: one call; the redirects are the server's."""

import requests


def who(session, base):
    response = session.get(f"{base}/redirect/2", timeout=5)
    return response.json()["name"], [step.status_code for step in response.history]


def main(world):
    with requests.Session() as session:
        assert who(session, world.url) == ("whoami", [302, 302, 302])
