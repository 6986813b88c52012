"""Streams sensors to a client. Right: one query, rows are read in parts while they are sent."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from tests.corpus._shop_models import Sensor


async def lines(engine):
    async with engine.connect() as conn:
        result = await conn.stream(select(Sensor.id, Sensor.site).execution_options(yield_per=300))
        async for sensor_id, site in result:
            yield f"{sensor_id},{site}"


async def main(world):
    engine = create_async_engine(world.url)
    assert len([line async for line in lines(engine)]) == 1200
    await engine.dispose()
