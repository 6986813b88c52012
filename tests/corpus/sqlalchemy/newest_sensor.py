"""The newest sensor by loading all of them and taking the first of the list."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def newest(session):
    return session.query(Sensor).order_by(Sensor.id.desc()).all()[0]  # expect: PK301


def main(world):
    with Session(world.engine) as session:
        assert newest(session).id == 1200
