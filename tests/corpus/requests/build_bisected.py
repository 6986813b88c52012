"""Finds the first build that is broken by halving. Right: each answer decides which is next."""

import requests


def is_broken(session, base, build):
    order = session.get(f"{base}/orders/{build}", timeout=5).json()
    return order["total"] > 130


def first_broken(session, base, good, bad):
    while bad - good > 1:
        middle = (good + bad) // 2
        if is_broken(session, base, middle):
            bad = middle
        else:
            good = middle
    return bad


def main(world):
    with requests.Session() as session:
        assert first_broken(session, world.url, 1, 80) == 44
