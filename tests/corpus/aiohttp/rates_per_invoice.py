"""Converts invoices; the same exchange rates are fetched again for each of them."""

import aiohttp

INVOICES = [{"number": n, "amount": 100 + n} for n in range(7)]


async def exchange_rates(session):
    async with session.get("/rates", params={"base": "EUR"}) as response:
        return await response.json()


async def convert(session, invoice):
    rates = await exchange_rates(session)
    return {**invoice, "usd": invoice["amount"] * rates["value"]}


async def main(world):
    total = 0
    async with aiohttp.ClientSession(world.url) as session:
        for invoice in INVOICES:
            converted = await convert(session, invoice)  # expect: PK104
            total += converted["usd"]
    assert total == 42 * 721
