"""Pages through a GraphQL connection. Right: endCursor is known only from the page before."""

import aiohttp

ORDERS = "query Orders($first: Int!, $after: String) { orders(first: $first, after: $after) { id } }"


async def orders(session):
    after = None
    while True:
        payload = {"query": ORDERS, "variables": {"first": 5, "after": after}}
        async with session.post("/graphql", json=payload) as response:
            connection = (await response.json())["data"]["orders"]
        for node in connection["nodes"]:
            yield node["id"]
        if not connection["pageInfo"]["hasNextPage"]:
            return
        after = connection["pageInfo"]["endCursor"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        numbers = [number async for number in orders(session)]
    assert numbers == list(range(1, 21))
