"""Asks each shard for its figure. Right: another host every time; nothing to ask for together."""

import requests


def totals(session, shards):
    for shard in shards:
        yield session.get(f"{shard}/summary", params={"day": "today"}, timeout=5).json()["value"]


def main(world):
    with requests.Session() as session:
        assert sum(totals(session, world.shards)) == 42 * 3  # a script may wait: it has nothing else to do
