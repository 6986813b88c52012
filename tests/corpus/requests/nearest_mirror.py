"""Fetches a package from the first mirror that answers. Right: another host, and only on failure."""

import requests


def fetch(session, mirrors, name):
    for mirror in mirrors:
        response = session.get(f"{mirror}/flaky/{name}", params={"fail": 3}, timeout=5)
        if response.ok:
            return mirror, response.content
    raise LookupError(name)


def main(world):
    mirrors = [*world.shards, world.url]
    with requests.Session() as session:
        mirror, content = fetch(session, mirrors, "perf-1.0.tgz")
    assert mirror == world.url
    assert content
