"""Sets each order's status from its customer's name; the ORM flushes before each load, but commits once."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def main(world):
    with Session(world.engine) as session:
        orders = session.scalars(select(Order).order_by(Order.customer_id.desc()).limit(30)).all()
        for order in orders:
            order.status = f"for {order.customer.name}"  # expect: PK101
        session.commit()
    assert len(orders) > 5
