"""A directory of people: what only engineers have lies in a table of their own and is loaded one by one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Engineer, Person


def directory(session):
    lines = []
    for person in session.scalars(select(Person).order_by(Person.name)):
        line = person.name
        if isinstance(person, Engineer):
            line += f" ({person.language})"  # expect: PK101
        lines.append(line)
    return lines


def main(world):
    with Session(world.engine) as session:
        assert len(directory(session)) == 12
