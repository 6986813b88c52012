"""Writes a status mail from three services; each is waited for before the next is asked."""

import aiohttp


async def status_mail(session, sales, traffic, alerts):
    async with session.get(f"{sales}/summary") as response:  # expect: PK201
        sold = (await response.json())["value"]
    async with session.get(f"{traffic}/traffic") as response:
        visitors = (await response.json())["value"]
    async with session.get(f"{alerts}/alerts") as response:
        open_alerts = (await response.json())["value"]
    return f"{sold} sold to {visitors} visitors, {open_alerts} alerts"


async def main(world):
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        text = await status_mail(session, *world.shards)
    assert text.endswith("42 alerts")
