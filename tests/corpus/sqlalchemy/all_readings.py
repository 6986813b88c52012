"""Readings of 1,200 sensors. Right: selectinload asks for 500 sensors at a time, three queries in all."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from tests.corpus._shop_models import Sensor


def peaks(session):
    sensors = session.scalars(select(Sensor).options(selectinload(Sensor.readings))).all()
    return {sensor.id: max(r.value for r in sensor.readings) for sensor in sensors if sensor.readings}


def main(world):
    with Session(world.engine) as session:
        assert len(peaks(session)) == 100
