"""Stores measurements: flushes after each of them."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Reading


class Importer:
    def __init__(self, session):
        self.session = session
        self.stored = 0

    def store(self, sensor_id, hour, value):
        self.session.add(Reading(sensor_id=sensor_id, hour=hour, value=value))
        self.session.flush()
        self.stored += 1


def main(world):
    with Session(world.engine) as session, session.begin():
        importer = Importer(session)
        for sensor_id in range(500, 512):
            importer.store(sensor_id, 7, sensor_id % 11)  # expect: PK105
        assert importer.stored == 12
