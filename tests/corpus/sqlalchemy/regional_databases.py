"""Creates the same tables in each region's database and asks each. Right: there is one per region."""

from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor

REGIONS = ("north", "south", "east", "west")


class Databases:
    def __init__(self, folder):
        self.engines = {name: create_engine(f"sqlite:///{folder}/{name}.sqlite3") for name in REGIONS}

    def prepare(self):
        for number, (name, engine) in enumerate(self.engines.items(), 1):
            with engine.begin() as conn:
                Sensor.__table__.create(conn)
                conn.execute(insert(Sensor), [{"site": name} for _ in range(number)])

    def total(self):
        count = 0
        for engine in self.engines.values():
            with Session(engine) as session:
                count += session.scalar(select(func.count()).select_from(Sensor))
        return count

    def close(self):
        for engine in self.engines.values():
            engine.dispose()


def main(world):
    databases = Databases(world.folder)
    databases.prepare()
    assert databases.total() == 10
    databases.close()
