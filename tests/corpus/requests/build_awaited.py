"""Waits for a build. Right: it asks, sleeps, and asks again until the build is done."""

import time

import requests


def wait_for(session, url):
    questions = 1
    while session.get(url, timeout=5).json()["state"] != "done":
        time.sleep(0.01)
        questions += 1
    return questions


def main(world):
    with requests.Session() as session:
        build = session.post(f"{world.url}/jobs", json={"branch": "main"}, timeout=5).json()
        assert wait_for(session, f"{world.url}/jobs/{build['id']}") == 4
