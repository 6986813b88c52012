"""Adds orders one by one, each committed and read again for what the database filled in."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def take(session, customer):
    order = Order(customer_id=customer, status="new", cents=100)
    session.add(order)
    session.commit()
    session.refresh(order)
    return order.id


def main(world):
    with Session(world.engine) as session:
        assert len({take(session, customer) for customer in range(1, 6)}) == 5  # expect: PK105
