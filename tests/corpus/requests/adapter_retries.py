"""Calls a service that is out of order for a moment. Right: urllib3 repeats the call twice."""

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


def patient_session():
    session = requests.Session()
    retries = Retry(total=4, backoff_factor=0.005, status_forcelist=[502, 503, 504])
    session.mount("http://", HTTPAdapter(max_retries=retries))
    return session


def main(world):
    with patient_session() as session:
        response = session.get(f"{world.url}/flaky/warehouse", params={"fail": 2}, timeout=5)
    assert response.json()["key"] == "warehouse"
