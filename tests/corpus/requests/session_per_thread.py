"""Gives each thread a session of its own. Right: four threads, four connections, many lists of orders."""

import threading
from concurrent.futures import ThreadPoolExecutor

import requests

local = threading.local()


def session(opened):
    if not hasattr(local, "session"):
        local.session = requests.Session()
        opened.append(local.session)
    return local.session


def orders(base, opened, numbers):
    ids = ",".join(map(str, numbers))
    return session(opened).get(f"{base}/orders", params={"ids": ids}, timeout=5).json()["data"]


def main(world):
    opened = []
    chunks = [range(start, start + 8) for start in range(1, 81, 8)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        found = [order for part in pool.map(lambda c: orders(world.url, opened, c), chunks) for order in part]
    for each in opened:
        each.close()
    assert len(found) == 80
