"""Renders a report in run_sync, where lazy loading works: and does so for the customer of each order."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.corpus._shop_models import Order


def render(session, cents):
    orders = session.scalars(select(Order).where(Order.cents >= cents).order_by(Order.id)).all()
    return "\n".join(
        f"{order.id}: {order.customer.name}"  # expect: PK101
        for order in orders
    )


async def report(engine):
    async with AsyncSession(engine) as session:
        return await session.run_sync(render, 9000)


async def main(world):
    engine = create_async_engine(world.url)
    assert (await report(engine)).count("\n") == 12
    await engine.dispose()
