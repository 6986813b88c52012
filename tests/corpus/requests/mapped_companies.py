"""Maps a function over company numbers; each application is a request."""

from functools import partial

import requests


def company(session, base, number):
    return session.get(f"{base}/companies/{number}", timeout=5).json()["name"]


def main(world):
    with requests.Session() as session:
        names = list(map(partial(company, session, world.url), [1, 3, 5, 7]))  # expect: PK102
    assert names[0] == "Company 1"
