"""Lets urllib3 repeat a call until the service gives in: after six refusals."""

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


def session_with_retries():
    session = requests.Session()
    policy = Retry(total=10, backoff_factor=0.001, status_forcelist=[429], allowed_methods=None)
    session.mount("http://", HTTPAdapter(max_retries=policy))
    return session


def publish(session, base, report):
    answer = session.post(f"{base}/limited/publish?fail=6", json=report, timeout=5)  # expect: PK402
    return answer.json()["ok"]


def main(world):
    with session_with_retries() as session:
        assert publish(session, world.url, {"week": 19})
