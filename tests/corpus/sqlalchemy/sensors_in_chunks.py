"""Sites of given sensors. Right: in_() with a chunk of keys, since a statement takes only so many."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def sites(session, wanted, size=200):
    found = {}
    for start in range(0, len(wanted), size):
        chunk = wanted[start : start + size]
        rows = session.execute(select(Sensor.id, Sensor.site).where(Sensor.id.in_(chunk)))
        found.update((row.id, row.site) for row in rows)
    return found


def main(world):
    with Session(world.engine) as session:
        assert len(sites(session, list(range(1, 990)))) == 989
