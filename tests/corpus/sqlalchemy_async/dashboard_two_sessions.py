"""A dashboard of two figures. Right: two different queries at the same time, each with its own session."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.corpus._shop_models import Customer, Order


async def customers(sessions):
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(Customer))


async def revenue(sessions):
    async with sessions() as session:
        total = func.sum(Order.cents).label("cents")
        rows = await session.execute(select(Order.status, total).group_by(Order.status))
        return {row.status: row.cents for row in rows}


async def main(world):
    engine = create_async_engine(world.url)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    count, cents = await asyncio.gather(customers(sessions), revenue(sessions))
    assert count == 20
    assert set(cents) == {"new", "open", "sent"}
    await engine.dispose()
