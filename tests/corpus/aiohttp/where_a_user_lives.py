"""Goes from a user to the company to its address. Right: each call needs the answer of the one before."""

import aiohttp


class Api:
    def __init__(self, session):
        self.session = session

    async def get(self, kind, number):
        async with self.session.get(f"/{kind}/{number}") as response:
            return await response.json()


async def city_of(api, number):
    user = await api.get("users", number)
    company = await api.get("companies", user["company_id"])
    address = await api.get("addresses", company["address_id"])
    return address["city"]


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        assert await city_of(Api(session), 6) in {"Riga", "Graz"}
