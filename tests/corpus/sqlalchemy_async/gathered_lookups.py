"""Looks up customers at the same time: a task with a session of its own for each of them.

A task has nothing but itself on its stack: the line is the query in it.
"""

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.corpus._shop_models import Customer


async def name_of(sessions, limit, customer_id):
    async with limit, sessions() as session:
        return await session.scalar(  # expect: PK101
            select(Customer.name).where(Customer.id == customer_id)
        )


async def names(sessions, customer_ids):
    limit = asyncio.Semaphore(3)
    return await asyncio.gather(*(name_of(sessions, limit, key) for key in customer_ids))


async def main(world):
    engine = create_async_engine(world.url)
    assert len(await names(async_sessionmaker(engine), range(1, 13))) == 12
    await engine.dispose()
