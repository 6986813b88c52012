"""A plain script waits a while and computes. Right: there is no event loop that it could hold up."""

import json
import time

import requests


def wait_for_restart(session, base):
    time.sleep(0.08)
    return session.get(f"{base}/health", timeout=5).ok


def export(session, base):
    return json.loads(session.get(f"{base}/export", timeout=10).content)


def main(world):
    with requests.Session() as session:
        assert wait_for_restart(session, world.url)
        assert len(export(session, world.url)) == 50_000
