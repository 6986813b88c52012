"""Waits for a payment; each question is signed anew. Right: one payment, and sleeps in between."""

import hashlib
import hmac
import time
from itertools import count

import requests

SECRET = b"k3y"
clock = count(1_700_000_000)


def signed(url):
    stamp = str(next(clock))
    signature = hmac.new(SECRET, (url + stamp).encode(), hashlib.sha256).hexdigest()
    return f"{url}?timestamp={stamp}&signature={signature}"


def settled(session, url, pause_s=0.01):
    while True:
        answer = session.get(signed(url), timeout=5).json()
        if answer["state"] == "done":
            return answer["id"]
        time.sleep(pause_s)


def main(world):
    with requests.Session() as session:
        payment = session.post(f"{world.url}/jobs", json={"amount": 12}, timeout=5).json()["id"]
        assert settled(session, f"{world.url}/jobs/{payment}") == str(payment)
