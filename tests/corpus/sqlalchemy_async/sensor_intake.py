"""Stores readings from a queue: each one is added and committed by itself."""

import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.corpus._shop_models import Reading


async def produce(queue, count):
    for number in range(count):
        await queue.put({"sensor_id": 900 + number, "hour": 3, "value": number})
    await queue.put(None)


async def consume(queue, sessions):
    async with sessions() as session:
        while (values := await queue.get()) is not None:
            session.add(Reading(**values))
            await session.commit()  # expect: PK105


async def main(world):
    engine = create_async_engine(world.url)
    queue = asyncio.Queue()
    await asyncio.gather(produce(queue, 8), consume(queue, async_sessionmaker(engine)))
    await engine.dispose()
