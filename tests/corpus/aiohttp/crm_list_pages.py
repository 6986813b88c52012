"""Lists all deals of a CRM portal, fifty at a time. Right: ``next`` comes with each answer."""

import aiohttp


async def call(session, method, **params):
    async with session.post(f"/rest/1/s3cr3t/{method}", json=params) as response:
        return await response.json()


async def everything(session, method, **params):
    start = 0
    while start is not None:
        answer = await call(session, method, start=start, **params)
        for row in answer["result"]:
            yield row
        start = answer.get("next")


async def main(world):
    async with aiohttp.ClientSession(world.url) as session:
        deals = [deal["ID"] async for deal in everything(session, "crm.deal.list", order={"ID": "ASC"})]
    assert len(deals) == 150
