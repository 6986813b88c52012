"""Rewrites names of sensors in the background. Right: blocks after the last key, each updated at once."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def blocks(session, size):
    last = 0
    while ids := session.scalars(
        select(Sensor.id).where(Sensor.id > last).order_by(Sensor.id).limit(size)
    ).all():
        yield ids
        last = ids[-1]


def rename(session):
    for ids in blocks(session, 400):
        session.execute(update(Sensor).where(Sensor.id.in_(ids)).values(site="hall " + Sensor.site))
        session.commit()


def main(world):
    with Session(world.engine) as session:
        rename(session)
        assert session.get(Sensor, 8).site == "hall site 0"
