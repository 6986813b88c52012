"""Reads products through GraphQL, each with a query of its own in which only the variable differs."""

import requests

PRODUCT = "query Product($id: ID!) { products(id: $id) { id } }"


def run(session, endpoint, query, **variables):
    answer = session.post(endpoint, json={"query": query, "variables": variables}, timeout=5).json()
    if "errors" in answer:
        raise ValueError(answer["errors"])
    return answer["data"]


def main(world):
    endpoint, names = f"{world.url}/graphql", []
    with requests.Session() as session:
        remaining = [501, 502, 503, 504, 505]
        while remaining:
            data = run(session, endpoint, PRODUCT, id=remaining.pop())  # expect: PK102
            names.append(len(data["products"]))
    assert names == [5] * 5
