"""Checks several actions of one user: reads the user again for each of them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.corpus._shop_models import Customer


class Policy:
    def __init__(self, session, email):
        self.session = session
        self.email = email

    async def user(self):
        return (await self.session.execute(select(Customer).where(Customer.email == self.email))).scalar_one()

    async def may(self, action):
        user = await self.user()
        return action != "delete" or user.id == 1


async def buttons(policy, actions):
    shown = []
    for action in actions:
        if await policy.may(action):  # expect: PK103
            shown.append(action)  # noqa: PERF401
    return shown


async def main(world):
    engine = create_async_engine(world.url)
    async with AsyncSession(engine) as session:
        policy = Policy(session, "c4@shop.test")
        assert await buttons(policy, ["read", "edit", "share", "delete"]) == ["read", "edit", "share"]
    await engine.dispose()
