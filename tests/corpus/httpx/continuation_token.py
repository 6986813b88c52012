"""Reads a log in parts. Right: each part brings the token of the next one."""

import httpx


def parts(client):
    body = {"query": "orders"}
    while True:
        data = client.post("/graphql", json={"query": QUERY, "variables": body}).json()["data"]["orders"]
        yield data["nodes"]
        if not data["pageInfo"]["hasNextPage"]:
            return
        body = {"query": "orders", "after": data["pageInfo"]["endCursor"]}


QUERY = "query Log($after: String) { orders(after: $after) { nodes { id } pageInfo { endCursor } } }"


def main(world):
    with httpx.Client(base_url=world.url, verify=world.tls) as client:
        assert sum(len(part) for part in parts(client)) == 20
