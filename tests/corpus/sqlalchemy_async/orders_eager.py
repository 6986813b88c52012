"""Serves orders as JSON. Right: items and customers are loaded with the query, nothing later."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from tests.corpus._shop_models import Item, Order


async def orders(session, status):
    statement = (
        select(Order)
        .where(Order.status == status)
        .options(joinedload(Order.customer), selectinload(Order.items).joinedload(Item.product))
    )
    return [
        {"buyer": order.customer.name, "skus": [item.product.sku for item in order.items]}
        for order in await session.scalars(statement)
    ]


async def main(world):
    engine = create_async_engine(world.url)
    async with AsyncSession(engine) as session:
        assert len(await orders(session, "new")) == 10
    await engine.dispose()
