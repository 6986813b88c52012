"""Closes orders, each in a transaction of its own, so that every one is written by itself.

Each commit expires the objects, so the next access reads them again, one by one: the same fault.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def close(session, order):
    if order.cents > 0:  # may: PK101
        order.status = "closed"
    session.commit()


def main(world):
    with Session(world.engine) as session:
        for order in session.scalars(select(Order).where(Order.status == "new")).all():
            close(session, order)  # expect: PK105
