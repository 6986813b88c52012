"""Three workers take order numbers from a queue and ask for the shipment of each."""

import asyncio

import aiohttp


async def shipment(session, number):
    async with session.get(f"/orders/{number}/shipment") as response:
        return (await response.json())["shipment"]


async def worker(queue, session, shipments):
    while True:
        number = await queue.get()
        try:
            shipments[number] = await shipment(session, number)  # expect: PK102
        finally:
            queue.task_done()


async def main(world):
    queue, shipments = asyncio.Queue(), {}
    for number in range(1, 16):
        queue.put_nowait(number)
    async with aiohttp.ClientSession(world.url) as session:
        workers = [asyncio.create_task(worker(queue, session, shipments)) for _ in range(3)]
        await queue.join()
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    assert len(shipments) == 15
