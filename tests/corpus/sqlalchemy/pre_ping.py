"""An engine that tries connections before they are used. Right: it is one engine with one pool."""

from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Order, Region


def make_engine(url):
    engine = create_engine(url, pool_pre_ping=True, pool_size=3)

    @event.listens_for(engine, "connect")
    def configure(connection, _record):
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def is_alive(engine):
    with engine.connect() as conn:
        return conn.execute(text("SELECT 1")).scalar() == 1


def main(world):
    engine = make_engine(world.url)
    assert is_alive(engine)
    for kind in (Customer, Order, Region):
        with Session(engine) as session:
            assert session.query(kind).count()
    engine.dispose()
