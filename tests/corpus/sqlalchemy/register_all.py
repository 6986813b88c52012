"""Imports customers. Right: all are added and written by one flush (insertmanyvalues), then committed."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Region, Tag

PEOPLE = {"ada": "north", "grace": "east", "edsger": "north", "barbara": "west", "niklaus": "east"}


def register(session):
    regions = {name: Region(name=name) for name in dict.fromkeys(PEOPLE.values())}
    for name, region in PEOPLE.items():
        session.add(Customer(name=name, email=f"{name}@example.test", region=regions[region]))
    session.commit()


def tags(session, words):
    return session.scalars(insert(Tag).returning(Tag.id), [{"word": word} for word in words]).all()


def main(world):
    with Session(world.engine) as session:
        register(session)
        assert len(tags(session, [f"tag {n}" for n in range(30)])) == 30
        session.commit()
