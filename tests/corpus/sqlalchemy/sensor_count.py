"""Tells how many sensors a query has found by loading them as objects."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def summary(session, site):
    query = session.query(Sensor).filter(Sensor.site != site)
    count = len(query.all())  # expect: PK301
    return f"{count} sensors outside of {site}"


def main(world):
    with Session(world.engine) as session:
        assert summary(session, "site 2").startswith("1050")
