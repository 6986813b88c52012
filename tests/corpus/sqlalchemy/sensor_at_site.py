"""Loads all sensors to find the first at a site, in Python."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def sensor_at(session, site):
    sensors = session.scalars(select(Sensor)).all()  # expect: PK301
    return next(sensor for sensor in sensors if sensor.site == site)


def main(world):
    with Session(world.engine) as session:
        assert sensor_at(session, session.get(Sensor, 7).site).id == 7
