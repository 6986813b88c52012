"""Creates a subscription per customer: a POST whose body differs in one value."""

import aiohttp

CUSTOMERS = ["ada@example.com", "bob@example.com", "cy@example.com", "dee@example.com"]


async def subscribe(session, email, plan="basic"):
    body = {"email": email, "plan": plan, "trial": True}
    async with session.post("/users", json=body) as response:
        response.raise_for_status()
        created = await response.json()
        return created["id"]


async def main(world):
    connector = aiohttp.TCPConnector(limit=2)
    async with aiohttp.ClientSession(world.url, connector=connector) as session:
        last = 0
        for email in CUSTOMERS:
            number = await subscribe(session, email)  # expect: PK102
            assert number > last
            last = number
