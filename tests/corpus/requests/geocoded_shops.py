"""Geocodes shops with a POST per shop; a context manager measures the time of each."""

import contextlib
import time

import requests

SHOPS = ["Dzirnavu iela 6, Riga", "Sporgasse 2, Graz", "Rua das Flores 8, Porto", "Aurakatu 1, Turku"]


@contextlib.contextmanager
def stopwatch(times):
    started = time.perf_counter()
    try:
        yield
    finally:
        times.append(time.perf_counter() - started)


def main(world):
    times, found = [], []
    with requests.Session() as session:
        for shop in SHOPS:
            with stopwatch(times):
                body = {"address": shop, "fields": ["lat", "lon"]}
                answer = session.post(f"{world.url}/geocode", json=body, timeout=5)  # expect: PK102
            found += answer.json()["hits"]
    assert len(times) == len(found) / 2 == 4
