"""Walks an order through its states. Right: each step commits, and the one object is read again after it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


class Checkout:
    def __init__(self, session, order):
        self.session = session
        self.order = order

    def reserve(self):
        self.order.status = "reserved"
        self.session.commit()
        return self.order.cents

    def pay(self, cents):
        if cents != self.order.cents:
            raise ValueError(f"{cents} instead of {self.order.cents}")
        self.order.status = "paid"
        self.session.commit()

    def ship(self):
        self.session.refresh(self.order)
        self.order.status = "sent"
        self.session.commit()
        return self.order.id, self.order.status


def main(world):
    with Session(world.engine) as session:
        order = session.scalars(select(Order).where(Order.status == "new").limit(1)).one()
        steps = Checkout(session, order)
        steps.pay(steps.reserve())
        assert steps.ship()[1] == "sent"
