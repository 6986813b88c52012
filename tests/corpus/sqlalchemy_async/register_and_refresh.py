"""Registers customers. Right: one flush for all of them, and one of them is read again after the commit."""

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.corpus._shop_models import Customer, Profile


async def register(session, names):
    customers = [
        Customer(name=name, email=f"{name}@example.test", profile=Profile(newsletter=True)) for name in names
    ]
    async with session.begin():
        session.add_all(customers)
    await session.refresh(customers[0], ["id", "name", "profile"])
    return customers[0].profile.newsletter


async def main(world):
    engine = create_async_engine(world.url)
    async with AsyncSession(engine) as session:
        assert await register(session, [f"guest {n}" for n in range(25)])
    await engine.dispose()
