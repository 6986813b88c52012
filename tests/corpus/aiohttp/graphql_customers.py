"""Asks a GraphQL service for one customer at a time."""

from dataclasses import dataclass

import aiohttp

CUSTOMER = """
query Customer($id: ID!) {
  user(id: $id) { id name }
}
"""


@dataclass
class Customer:
    id: int
    name: str


async def execute(session, endpoint, document, variables):
    payload = {"query": document, "variables": variables}
    async with session.post(endpoint, json=payload) as response:
        body = await response.json()
    if body.get("errors"):
        raise RuntimeError(body["errors"])
    return body["data"]


async def main(world):
    endpoint = f"{world.url}/graphql"
    customers = {}
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        for number in range(101, 109):
            data = await execute(session, endpoint, CUSTOMER, {"id": number})  # expect: PK102
            customers[number] = Customer(number, data["user"]["name"])
    assert len(customers) == 8
