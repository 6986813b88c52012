"""Waits for events by long polling. Right: the server holds each answer back until there is something new."""

import aiohttp


async def listen(session, handle, wanted):
    last = 0
    while last < wanted:
        async with session.get("/events/next", params={"after": last, "wait": 30}) as response:
            batch = await response.json()
        for event in batch["events"]:
            handle(event)
        last = batch["last"]


async def main(world):
    seen = []
    async with aiohttp.ClientSession(world.url) as session:
        await listen(session, seen.append, wanted=4)
    assert [event["id"] for event in seen] == [1, 2, 3, 4]
