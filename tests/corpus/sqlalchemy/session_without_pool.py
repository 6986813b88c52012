"""Tasks of a scheduler, each with a session; the engine keeps no connections, so every one connects."""

from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.orm import sessionmaker

from tests.corpus._shop_models import Customer, Order, Product, Sensor


def count(sessions, kind):
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(kind))


def run(sessions, kinds):
    results = {}
    for kind in kinds:
        results[kind.__name__] = count(sessions, kind)  # expect: PK401
    return results


def main(world):
    sessions = sessionmaker(create_engine(world.url, poolclass=NullPool))
    assert run(sessions, (Customer, Order, Product, Sensor))["Sensor"] == 1200
