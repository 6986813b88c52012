"""Imports customers: adds one and commits, again and again."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer

FILE = """\
ada@example.test;Ada
grace@example.test;Grace
edsger@example.test;Edsger
barbara@example.test;Barbara
"""


def import_customers(session, text):
    for line in text.splitlines():
        email, name = line.split(";")
        session.add(Customer(email=email, name=name))
        session.commit()  # expect: PK105


def main(world):
    with Session(world.engine) as session:
        import_customers(session, FILE)
        assert session.query(Customer).count() == 24
