"""Handlers of a web application that use the sync engine: each of them holds up the event loop.

The query is what to move; the ROLLBACK when the session is closed waits for the database as well.
"""

import asyncio

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


class Application:
    def __init__(self, url):
        self.engine = create_engine(url)

    async def revenue(self, status):
        with Session(self.engine) as session:  # may: PK202
            statement = select(func.sum(Order.cents)).where(Order.status == status)
            return session.scalar(statement)  # expect: PK202

    async def handle(self, path):
        handler = getattr(self, path.strip("/").partition("/")[0])
        return {"path": path, "cents": await handler(path.rpartition("/")[2])}


async def main(world):
    app = Application(world.sync_url)
    answers = await asyncio.gather(app.handle("/revenue/open"), app.handle("/revenue/sent"))
    assert all(answer["cents"] for answer in answers)
    app.engine.dispose()
