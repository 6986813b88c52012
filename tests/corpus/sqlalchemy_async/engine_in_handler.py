"""Handlers that make an engine of their own for every message."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.corpus._shop_models import Customer, Item, Order, Product

KINDS = {"customers": Customer, "orders": Order, "products": Product, "items": Item}


async def handle(url, message):
    engine = create_async_engine(url)
    try:
        async with AsyncSession(engine) as session:
            return await session.scalar(select(func.count()).select_from(KINDS[message]))
    finally:
        await engine.dispose()


async def main(world):
    answers = []
    for message in ("customers", "orders", "products", "items"):
        answers.append(await handle(world.url, message))  # expect: PK401  # may: PK201  # noqa: PERF401
    assert answers == [20, 30, 24, 60]
