"""Sends a command until the device takes it; every try has its own number. Right: it refuses just twice."""

import time
import uuid

import requests


def command(session, url, action):
    for pause in (0.005, 0.01, 0.02):
        body = {"action": action, "nonce": uuid.uuid4().hex}
        response = session.post(url, json=body, timeout=5)
        if response.status_code != requests.codes.service_unavailable:
            return response.json()
        time.sleep(pause)
    raise TimeoutError(action)


def main(world):
    with requests.Session() as session:
        assert command(session, f"{world.url}/flaky/gate?fail=2", "open")["ok"]
