"""Mails about open orders: reads the customer of each order, which is loaded then."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def recipients(session):
    addresses = set()
    for order in session.scalars(select(Order).where(Order.status == "open")):
        addresses.add(order.customer.email)  # expect: PK101
    return addresses


def main(world):
    with Session(world.engine) as session:
        assert len(recipients(session)) == 10
