"""Imports deliveries, each in a savepoint. Right: what belongs to one is added, and flushed, together."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Reading

DELIVERIES = {
    "morning": [(700, 6), (701, 6), (702, 6)],
    "noon": [(700, 12), (3, 1)],
    "evening": [(700, 18), (701, 18)],
}


def store(session, readings):
    try:
        with session.begin_nested():
            session.add_all(Reading(sensor_id=sensor, hour=hour, value=0) for sensor, hour in readings)
    except IntegrityError:
        return 0
    return len(readings)


def main(world):
    with Session(world.engine) as session, session.begin():
        stored = [store(session, readings) for readings in DELIVERIES.values()]
        assert stored == [3, 0, 2]
