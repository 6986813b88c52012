"""Serves orders as JSON: awaits the items of each order by its awaitable attributes."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.corpus._shop_models import Order


class OrderApi:
    def __init__(self, sessions):
        self.sessions = sessions

    async def get(self, status):
        async with self.sessions() as session:
            orders = await session.scalars(select(Order).where(Order.status == status))
            return [await self.serialize(order) for order in orders]

    async def serialize(self, order):
        items = await order.awaitable_attrs.items  # expect: PK101
        return {"id": order.id, "items": [(item.product_id, item.qty) for item in items]}


async def main(world):
    engine = create_async_engine(world.url)
    assert len(await OrderApi(async_sessionmaker(engine)).get("open")) == 10
    await engine.dispose()
