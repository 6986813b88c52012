"""A nightly job over all sensors. Right: reads blocks by key, each in a session of its own."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from tests.corpus._shop_models import Sensor


async def block(sessions, after, size):
    async with sessions() as session:
        statement = select(Sensor).where(Sensor.id > after).order_by(Sensor.id).limit(size)
        return (await session.scalars(statement)).all()


async def sensors(sessions, size=350):
    last = 0
    while found := await block(sessions, last, size):
        for sensor in found:
            yield sensor
        last = found[-1].id


async def main(world):
    engine = create_async_engine(world.url)
    per_site = {}
    async for sensor in sensors(async_sessionmaker(engine)):
        per_site[sensor.site] = per_site.get(sensor.site, 0) + 1
    assert len(per_site) == 8
    await engine.dispose()
