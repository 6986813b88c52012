"""The first page of a table of sensors: all of them are loaded, and a slice is shown."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def first_page(session, size=25):
    sensors = session.scalars(select(Sensor).order_by(Sensor.site, Sensor.id)).all()[:size]  # expect: PK301
    return [(sensor.id, sensor.site) for sensor in sensors]


def main(world):
    with Session(world.engine) as session:
        assert len(first_page(session)) == 25
