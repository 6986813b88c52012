"""Adds up a cart: awaits session.get for one product after another."""

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.corpus._shop_models import Product

CART = {1: 2, 4: 1, 6: 5, 9: 1, 14: 1}


async def total(session, cart):
    cents = 0
    for product_id, qty in cart.items():
        product = await session.get(Product, product_id)  # expect: PK101
        cents += product.price * qty
    return cents


async def main(world):
    engine = create_async_engine(world.url)
    async with AsyncSession(engine) as session:
        assert await total(session, CART) == 5900
    await engine.dispose()
