"""Validates documents; for each of them the same description of the types is fetched."""

import requests

TYPES = "query Types { products(first: 50) { id } }"


def types(session, base):
    answer = session.post(f"{base}/graphql", json={"query": TYPES}, timeout=5)
    return {node["id"] for node in answer.json()["data"]["products"]}


def is_valid(session, base, document):
    return document["type"] in types(session, base)


def main(world):
    documents = [{"type": n % 4 + 1} for n in range(6)]
    with requests.Session() as session:
        valid = [d for d in documents if is_valid(session, world.url, d)]  # expect: PK104
    assert len(valid) == 6
