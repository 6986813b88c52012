"""Works on orders one by one until none is left. Right: each has a transaction of its own."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def work_one(session):
    first = select(Order).where(Order.status == "open").order_by(Order.id).limit(1)
    order = session.scalars(first.with_for_update(skip_locked=True)).first()
    if order is None:
        return False
    order.status = "mailed"
    session.commit()
    return True


def main(world):
    with Session(world.engine) as session:
        done = 0
        while work_one(session):
            done += 1
    assert done > 3
