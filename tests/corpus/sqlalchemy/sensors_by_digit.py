"""Loads all sensors once and sorts them into groups. Right: each row is used."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def by_last_digit(session):
    sensors = session.scalars(select(Sensor)).all()
    return {digit: [s.id for s in sensors if s.site[-1] == digit] for digit in "0123456789"}


def main(world):
    with Session(world.engine) as session:
        assert sum(map(len, by_last_digit(session).values())) > 1000
